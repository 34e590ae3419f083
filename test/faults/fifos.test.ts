import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { cachectl, type Run, start } from '../support/cli.js';
import { scratchFolder } from '../support/scratch.js';
import { until } from '../support/slow-command.js';

describe('a FIFO without its other end', () => {
  let folder: string;
  let fifo: string;
  let store: readonly string[];

  before(function () {
    if (process.platform === 'linux') return;
    process.stderr.write('\n  WARNING: FIFOs are tested on Linux only\n');
    this.skip();
  });

  beforeEach(async () => {
    folder = scratchFolder('fifos');
    fifo = path.join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    store = ['--url', `sqlite://${folder}/cache.sqlite`];
    await cachectl(['put', 'k', 'v', ...store]);
  });

  const readers: Record<string, () => readonly string[]> = {
    import: () => ['import', fifo, ...store],
    'put --from': () => ['put', '--from', fifo, ...store],
    '--config': () => ['get', 'k', '--config', fifo],
    '--laravel'() {
      mkdirSync(path.join(folder, 'app'));
      writeFileSync(path.join(folder, 'app/artisan'), '');
      execFileSync('mkfifo', [path.join(folder, 'app/.env')]);
      fifo = path.join(folder, 'app/.env');
      return ['get', 'k', '--laravel', path.join(folder, 'app')];
    },
  };

  for (const [name, args] of Object.entries(readers)) {
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 4],
    ] as const) {
      it(`does not keep ${name} from ending on ${signal}`, async () => {
        const run = start(args());
        await until(() => isInterruptible(run));
        // Succeeds once cachectl has opened the other end. Nothing is ever written.
        let writer: number | undefined;
        await until(() => {
          writer = writerOf(fifo);
          return writer !== undefined;
        });
        run.child.kill(signal);
        const result = await run.ended;
        closeSync(writer!);
        expect(result).to.include({ code, out: '' });
        expect(result.err).to.match(/^error: interrupted/);
      });
    }
  }

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 4],
  ] as const) {
    it(`does not keep export --output from ending on ${signal}`, async () => {
      const run = start(['export', '--output', fifo, ...store]);
      await until(() => isInterruptible(run));
      run.child.kill(signal);
      const result = await run.ended;
      expect(result).to.include({ code, out: '' });
      expect(result.err).to.include('interrupted before the work began');
    });
  }

  it('is waited for', async () => {
    const exporting = start(['export', '--output', fifo, ...store]);
    await until(() => isInterruptible(exporting));
    const importing = start(['import', fifo, '--url', `sqlite://${folder}/copy.sqlite`]);
    expect((await importing.ended).err).to.equal('imported 1 entry\n');
    expect(await exporting.ended).to.include({ code: 0, err: 'exported 1 entry\n' });
  });

  it('is no difference to a command in its place', async () => {
    const through = ['bash', '-c', '"$@" --config <(echo "profiles: {x: {driver: sqlite, path: $FILE}}")', 'bash'];
    const env = { FILE: path.join(folder, 'cache.sqlite') };
    expect(await cachectl(['get', 'k'], { env, through })).to.include({ code: 0, out: 'v\n' });
  });
});

/** Whether cachectl handles signals already: Node itself handles some, but not SIGHUP. */
function isInterruptible({ child }: Run): boolean {
  const [, mask = '0'] = /^SigCgt:\s*([\da-f]+)$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? [];
  return (BigInt(`0x${mask}`) & 1n) === 1n;
}

/** Undefined as long as nobody has opened the other end. */
function writerOf(fifo: string): number | undefined {
  try {
    return openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENXIO') return undefined;
    throw error;
  }
}
