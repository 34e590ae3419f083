import { expect } from 'chai';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { cachectl } from '../support/cli.js';
import { sqlitePlace } from '../support/places.js';
import { scratchFolder } from '../support/scratch.js';

describe('commands with a space instead of the colon', () => {
  const place = sqlitePlace();
  const folder = scratchFolder('spaces');

  it('run', async () => {
    const file = path.join(folder, 'ran');
    expect(await place.run(['lock', 'run', 'deploy', '--', 'touch', file])).to.include({ code: 0, err: '' });
    expect(existsSync(file)).to.equal(true);
    await place.run(['put', 'a', '1', '--tags', 'products']);
    const flushed = await place.run(['tags', 'flush', 'products', '--yes']);
    expect(flushed).to.include({ code: 0, out: 'removed 1 entry\n' });
    expect((await place.run(['lock', 'acquire', 'deploy', '--ttl', '10m'])).out).to.match(/^cachectl:\S+\n$/);
    expect((await place.run(['lock', 'list', '--json'])).out).to.include('"deploy"');
    const tail = place.start(['events', 'tail', '--limit', '1']);
    while (tail.child.exitCode === null) await place.run(['put', 'k', 'v']);
    expect((await tail.ended).out).to.include('KeyWritten');
  });

  it("take every command's flags in front too", async () => {
    const url = place.url();
    expect(await cachectl(['--url', url, 'put', 'a', '1'])).to.include({ code: 0, err: '' });
    expect(await cachectl(['--json', `--url=${url}`, 'lock', 'run', 'a', 'echo', '--json'])).to.include({
      code: 0,
      out: '--json\n',
    });
  });
});

describe('an unknown command exits 2 on standard error', () => {
  for (const [typed, message, hint] of [
    ['lock nosuch', 'lock nosuch is not a command', 'The lock commands are lock:acquire, lock:list, '],
    ['lock list-all x', 'lock list-all is not a command', 'lock:list'],
    ['lock rum deploy -- true', 'lock rum is not a command', 'Did you mean lock:run?'],
    ['lock ls', 'lock ls is not a command', 'Did you mean lock:list?'],
    ['tags fluhs a --yes', 'tags fluhs is not a command', 'Did you mean tags:flush?'],
    ['tags rm a', 'tags rm is not a command', 'Did you mean tags:flush?'],
    ['events tali', 'events tali is not a command', 'Did you mean events:tail?'],
    ['lock --ttl 5', 'lock is not a command', 'The lock commands are '],
    ['tag:flush a', 'tag:flush is not a command', 'Did you mean tags:flush?'],
    ['acquire deploy', 'acquire is not a command', 'Did you mean lock:acquire?'],
    ['set a b', 'set is not a command', 'Did you mean put?'],
    ['del a', 'del is not a command', 'Did you mean forget?'],
    ['rm a', 'rm is not a command', 'Did you mean forget?'],
    ['ls', 'ls is not a command', 'Did you mean keys?'],
    ['scan', 'scan is not a command', 'Did you mean keys?'],
    ['clear', 'clear is not a command', 'Did you mean flush?'],
    ['exists a', 'exists is not a command', 'Did you mean get?'],
    ['has a', 'has is not a command', 'Did you mean get?'],
    ['locks', 'locks is not a command', 'Did you mean lock:list?'],
    ['constructor', 'constructor is not a command', 'cachectl help'],
    ['help nope', 'nope is not a command', 'cachectl help'],
    ['help lock nope', 'lock nope is not a command', 'lock:list'],
    ['nope --help', 'nope is not a command', 'cachectl help'],
    ['--url sqlite:none.sqlite', 'missing command', 'cachectl help'],
  ] as const) {
    it(typed, async () => {
      const words = typed.split(' ');
      const { code, out, err } = await cachectl(words);
      expect({ code, out }).to.deep.equal({ code: 2, out: '' });
      expect(err).to.match(/^error: .+\n {2}.+\n$/);
      expect(err.split('\n')[0]).to.equal(`error: ${message}`);
      expect(err).to.include(hint);
    });
  }

  it('and prints a document with --json', async () => {
    const { code, out, err } = await cachectl(['lock', 'nosuch', '--json']);
    expect({ code, err }).to.deep.equal({ code: 2, err: '' });
    const { error } = JSON.parse(out);
    expect(error).to.include({ code: 'usage', message: 'lock nosuch is not a command' });
  });
});

describe('help', () => {
  for (const [typed, shown] of [
    ['', 'USAGE'],
    ['-h', 'USAGE'],
    ['help', 'USAGE'],
    ['lock', 'lock:run'],
    ['lock -h', 'lock:run'],
    ['help lock', 'lock:run'],
    ['help lock run', '  cachectl lock:run NAME'],
    ['help lock:run', '  cachectl lock:run NAME'],
    ['lock run --help', '  cachectl lock:run NAME'],
    ['lock run deploy -h', '  cachectl lock:run NAME'],
    ['help get', '  cachectl get'],
    ['get -h', '  cachectl get'],
    ['-h get', '  cachectl get'],
  ] as const) {
    it(`is shown by: cachectl ${typed}`, async () => {
      const { code, out, err } = await cachectl(typed.split(' ').filter(Boolean));
      expect({ code, err }).to.deep.equal({ code: 0, err: '' });
      expect(out).to.include(shown);
    });
  }

  for (const word of ['--version', '-V', '-v', 'version']) {
    it(`is the version for: cachectl ${word}`, async () => {
      expect((await cachectl([word])).out).to.match(/^cachectl\/\d+\.\d+\.\d+ /);
    });
  }
});

describe("another program's command line", () => {
  const place = sqlitePlace();
  const echo = ['echo', 'A', '--json', '-p', 'x', '--profile', 'y', '--ttl', '--', '--help', '-h', 'A'];
  const echoed = `${echo.slice(1).join(' ')}\n`;

  for (const [title, dashes] of [
    ['behind two dashes', ['--']],
    ['without two dashes', []],
  ] as const) {
    it(`is passed on by lock:run, ${title}`, async () => {
      const env = { CACHECTL_URL: place.url() };
      const run = await cachectl(['lock:run', 'a', '--ttl', '30', ...dashes, ...echo], { env });
      expect(run).to.include({ code: 0, out: echoed });
    });

    it(`is passed on by remember, ${title}`, async () => {
      const args = ['remember', 'a', '--ttl', '1m', ...dashes, ...echo];
      const env = { CACHECTL_URL: place.url() };
      expect(await cachectl(args, { env })).to.include({ code: 0, out: echoed });
      expect(await cachectl(args, { env }), 'from the cache').to.include({ code: 0, out: echoed });
    });
  }

  it('begins after the flags in front of it, in any spelling', async () => {
    const config = path.join(scratchFolder('apart'), 'cachectl.yaml');
    writeFileSync(config, 'profiles: {one: {driver: sqlite, path: one.sqlite}}');
    const flags = ['--config', config, '-p', 'one', '--wait=0', '--fence', '--grace', '5s', '--json'];
    const run = await cachectl(['lock:run', ...flags, 'a', '--slots=2', 'sh', '-c', 'echo "$0 $@"', '-p', '--fence']);
    expect(run).to.include({ code: 0, out: '-p --fence\n' });
  });

  it('does not hide a flag that does not exist', async () => {
    const { code, err } = await cachectl(['lock:run', 'a', '--nosuch', 'echo', 'x']);
    expect(code).to.equal(2);
    expect(err).to.include('unknown flag --nosuch');
  });
});

describe("a command's environment", () => {
  const place = sqlitePlace();
  const print = 'env | grep -v -e ^PWD= -e ^SHLVL= -e ^_= -e ^OLDPWD= | sort';

  it('includes CACHECTL_URL', async () => {
    const env = { CACHECTL_URL: place.url() };
    const printed = await cachectl(['lock:run', 'a', '--', 'printenv', 'CACHECTL_URL'], { env });
    expect(printed).to.include({ code: 0, out: `${place.url()}\n` });
  });

  for (const debug of ['app:*', '', undefined]) {
    const env = { FOO: 'bar', ...(debug !== undefined && { DEBUG: debug }) };
    const title = debug === undefined ? 'without DEBUG' : `with DEBUG=${debug}`;

    it(`is the caller's plus the documented variables, ${title}, in lock:run`, async () => {
      const { out } = await place.run(['lock:run', 'a', '--', 'sh', '-c', print], { env });
      expect(namesIn(out)).to.deep.equal(['CACHECTL_LOCK_NAME', 'CACHECTL_LOCK_OWNER', ...namesOf(env)].sort());
      if (debug !== undefined) expect(out.split('\n')).to.include(`DEBUG=${debug}`);
    });

    it(`is the caller's, ${title}, in remember`, async () => {
      const { out } = await place.run(['remember', 'a', '--ttl', '1m', '--', 'sh', '-c', print], { env });
      expect(namesIn(out)).to.deep.equal(namesOf(env));
      if (debug !== undefined) expect(out.split('\n')).to.include(`DEBUG=${debug}`);
    });

    it(`is the caller's plus the event, ${title}, in events:tail --exec`, async () => {
      const file = path.join(scratchFolder('environment'), 'env');
      const tail = place.start(['events:tail', '--limit', '1', '--exec', `${print} > ${file}`], { env });
      while (tail.child.exitCode === null) await place.run(['put', 'k', 'v']);
      const names = namesIn(readFileSync(file, 'utf8')).filter((name) => !name.startsWith('CACHECTL_EVENT_'));
      expect(names).to.deep.equal(namesOf(env));
    });
  }
});

function namesOf(env: object): string[] {
  return ['HOME', 'PATH', ...Object.keys(env)].sort();
}

function namesIn(text: string): string[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => line.slice(0, line.indexOf('=')))
    .sort();
}
