import { expect } from 'chai';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { ExportState } from '../../src/features/transfer/resume/export-state.js';
import type { Result } from '../support/cli.js';

import { ownProcess } from '../../src/stores/locks/process.js';
import { expectFault, reportedCount } from '../support/faults.js';
import { onTwoStores, type Place, redisPlace, sqlitePlace } from '../support/places.js';
import { onTerminal } from '../support/terminal.js';

const MANY = 12_000;

function numbered(count: number): string {
  return Array.from({ length: count }, (_, at) => `{"key":"n:${at}","value":"value ${at}","expires":null}\n`).join('');
}

/** Its lines, sorted. */
function linesOf(file: string): readonly string[] {
  return readFileSync(file, 'utf8').trimEnd().split('\n').toSorted();
}

function stateOf(file: string): ExportState | undefined {
  const state = `${file}.export-state`;
  return existsSync(state) ? (JSON.parse(readFileSync(state, 'utf8')) as ExportState) : undefined;
}

/** Export until the part file has entries, then send the signal. Repeat if the export finished first. */
async function cutOff(place: Place, file: string, signal: NodeJS.Signals): Promise<Result> {
  for (;;) {
    const run = place.start(['export', '--output', file]);
    run.child.stdin.end();
    while (run.child.exitCode === null && !stateOf(file)?.bytes) await sleep(1);
    run.child.kill(signal);
    const result = await run.ended;
    if (existsSync(`${file}.part`)) return result;
    rmSync(file);
  }
}

const args = (file: string, ...more: string[]): string[] => ['export', ...more, '--output', file];

describe('export --resume', () => {
  let folder = '';
  let file = '';

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'cachectl-resume-'));
    file = path.join(folder, 'all.ndjson');
  });

  afterEach(() => rmSync(folder, { force: true, recursive: true }));

  onTwoStores((place, driver) => {
    // The substitute for MongoDB is slow, so it gets fewer.
    const count = driver === 'mongodb' ? 4000 : MANY;

    it('continues after an interruption and after a kill, with the same result', async function () {
      this.timeout(60_000);
      await place.run(['import', '-'], { input: numbered(count) });
      await place.run(['put', 'John', 'john', '--tags', 'people,artists']);
      const whole = path.join(folder, 'whole.ndjson');
      await place.run(['export', '--output', whole]);

      const interrupted = await cutOff(place, file, 'SIGINT');
      expectFault(interrupted, { code: 130, message: 'interrupted: exported', hint: 'Continue with --resume' });
      expect(stateOf(file)!.tally.written).to.be.within(1, reportedCount('exported', interrupted));
      expect(statSync(`${file}.part`).mode & 0o777).to.equal(0o600);
      writeFileSync(file, 'before');
      await resumed(place, whole, count + 1);

      rmSync(file);
      await cutOff(place, file, 'SIGKILL');
      // As left behind by a process that was killed while it wrote.
      appendFileSync(`${file}.part`, '{"key":"n:1","val');
      await resumed(place, whole, count + 1);
    });
  });

  async function resumed(place: Place, whole: string, count: number): Promise<void> {
    const result = await place.run(args(file, '--resume', '--json'));
    expect(result, result.err).to.include({ code: 0, err: '' });
    expect(JSON.parse(result.out)).to.include({ read: count, written: count, failed: 0 });
    expect(linesOf(file)).to.deep.equal(linesOf(whole));
    expect(readdirSync(folder).toSorted()).to.deep.equal(['all.ndjson', 'whole.ndjson']);
  }

  describe('on a restarted Redis server', () => {
    const place = redisPlace();

    it('writes the remaining entries, and none twice', async () => {
      await place.run(['import', '-'], { input: numbered(MANY) });
      await place.run(['put', 'John', 'john', '--tags', 'people']);
      await place.run(['lock:acquire', 'deploy', '--ttl', '10m']);
      await cutOff(place, file, 'SIGINT');
      const state = stateOf(file)!;
      expect(state.place).to.match(/^[\da-f]{40} \d+$/);
      writeFileSync(`${file}.export-state`, JSON.stringify({ ...state, place: `${'0'.repeat(40)} 1` }));
      const result = await place.run(['export', '--output', file, '--resume', '--json']);
      expect(result, result.err).to.include({ code: 0 });
      expect(JSON.parse(result.out)).to.include({ read: MANY + 2, written: MANY + 1, locks: 1 });
      expect(linesOf(file)).to.have.lengthOf(MANY + 1);
      expect(new Set(linesOf(file)).size).to.equal(MANY + 1);
    });
  });

  describe('on SQLite', () => {
    const place = sqlitePlace();

    /** As left behind by an export that was interrupted after two of five entries. */
    async function leaveTwo(): Promise<void> {
      await place.run(['import', '-'], { input: numbered(5) });
      await place.run(['export', '--output', file]);
      const [first = '', second = ''] = readFileSync(file, 'utf8').split('\n');
      rmSync(file);
      const left = `${first}\n${second}\n`;
      writeFileSync(`${file}.part`, left);
      const counts = { expired: 0, present: 0, locks: 0, foreign: 0, asStored: 0, looseTags: 0, endless: 0 };
      const { prefix } = place;
      const location = place.url().replaceAll(/^sqlite:\/\/|\?.*$/g, '');
      const state: ExportState = {
        version: 1,
        source: { store: `sqlite: ${location}, prefix "${prefix}" (sqlite php)`, pattern: '*' },
        bytes: left.length,
        place: Buffer.from(`${prefix}n:1`).toString('base64'),
        tally: { read: 2, written: 2, ...counts, failures: [] },
        // No process has this id.
        writer: { ...ownProcess(), pid: 2 ** 30 },
        writerSince: '',
      };
      writeFileSync(`${file}.export-state`, JSON.stringify(state));
    }

    it('starts from the beginning if nothing was left', async () => {
      await place.run(['put', 'a', '1']);
      expect(await place.run(args(file, '--resume'))).to.include({ code: 0, err: 'exported 1 entry\n' });
      expect(linesOf(file)).to.have.lengthOf(1);
    });

    it('refuses the part of another pattern or store, and keeps it', async () => {
      await leaveTwo();
      const hint = 'Export without --resume';
      const other = await place.run(args(file, 'n:*', '--resume'));
      expectFault(other, { code: 2, message: 'was exported with another pattern, *', hint });
      const state = stateOf(file)!;
      const elsewhere = { ...state, source: { ...state.source, store: 'redis: localhost' } };
      writeFileSync(`${file}.export-state`, JSON.stringify(elsewhere));
      const foreign = await place.run(args(file, '--resume'));
      expectFault(foreign, { code: 2, message: 'was exported from another store, redis: localhost', hint });
      writeFileSync(`${file}.export-state`, JSON.stringify({ ...state, bytes: state.bytes - 1 }));
      expectFault(await place.run(args(file, '--resume')), {
        code: 2,
        message: 'has changed since it was written',
        hint,
      });
      writeFileSync(`${file}.export-state`, '{}');
      expectFault(await place.run(args(file, '--resume')), { code: 2, message: 'does not describe it', hint });
      writeFileSync(`${file}.export-state`, JSON.stringify(state));
      expect(await place.run(args(file, '--resume'))).to.include({ code: 0, err: 'exported 5 entries\n' });
      expect(linesOf(file)).to.have.lengthOf(5);
    });

    it('is required in a script; otherwise it starts again, with a notice', async () => {
      await leaveTwo();
      const { code, err } = await place.run(args(file));
      expect(code).to.equal(0);
      expect(err).to.match(/all\.ndjson\.part holds 2 entries of an interrupted export; starting over/);
      expect(linesOf(file)).to.have.lengthOf(5);
    });

    it('is suggested to a person before anything is lost', async () => {
      await leaveTwo();
      const answer = { prompt: 'Start over?', keys: 'n\r' };
      const { code, screen } = await onTerminal([...args(file), '--url', place.url()], { HOME: folder }, answer);
      expect(code).to.equal(1);
      expect(screen).to.include('use --resume to continue it');
      expect(linesOf(`${file}.part`)).to.have.lengthOf(2);
    });

    it('does not touch what another process is writing', async () => {
      await leaveTwo();
      const state = { ...stateOf(file)!, writer: { ...ownProcess(), pid: process.pid } };
      writeFileSync(`${file}.export-state`, JSON.stringify(state));
      const fault = { code: 2, message: `is being written by another export, process ${process.pid}` };
      expectFault(await place.run(args(file)), fault);
      expectFault(await place.run(args(file, '--resume')), fault);
      expect(linesOf(`${file}.part`)).to.have.lengthOf(2);
      // This process now has its id, but started at another time.
      writeFileSync(`${file}.export-state`, JSON.stringify({ ...state, writerSince: 'once' }));
      expect(await place.run(args(file, '--resume'))).to.include({ code: 0 });
    });

    it('does not wait for a process that was killed at its start', async () => {
      await leaveTwo();
      const claim = `${file}.export-claim`;
      const writer = { ...ownProcess(), pid: process.pid };
      for (const [writerSince, code] of [
        ['', 2],
        ['once', 0],
      ] as const) {
        writeFileSync(claim, JSON.stringify({ writer, writerSince }));
        expect(await place.run(args(file, '--resume')), `since "${writerSince}"`).to.include({ code });
      }

      expect(existsSync(claim)).to.equal(false);
    });

    it('does not work on standard output', async () => {
      for (const output of [[], ['--output', '-']]) {
        const result = await place.run(['export', '--resume', ...output]);
        expectFault(result, { code: 2, message: '--resume does not work with standard output', hint: '--output' });
      }
    });

    it('continues after a full disk', async () => {
      await place.run(['import', '-'], { input: numbered(MANY) });
      // Files are limited to 128 kB: writing more fails, as on a full disk.
      const through = ['sh', '-c', 'ulimit -f 250; exec "$@"', 'sh'];
      const result = await place.run(args(file), { through });
      expectFault(result, {
        code: 4,
        message: /^exported \d,000 entries, then .*cannot write /,
        hint: 'Continue with --resume',
      });
      expect(await place.run(args(file, '--resume'))).to.include({ code: 0, err: 'exported 12,000 entries\n' });
      expect(new Set(linesOf(file)).size).to.equal(MANY);
    });
  });
});
