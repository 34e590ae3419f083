import type { Manifest } from '@oclif/core/interfaces';

import { expect } from 'chai';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { cachectl } from '../support/cli.js';
import { scratchFolder } from '../support/scratch.js';

const URL_FLAG = ['--url', `sqlite://${path.join(scratchFolder('usage-store'), 'cache.sqlite')}`];

const MANIFEST = JSON.parse(
  readFileSync(fileURLToPath(new URL('../../oclif.manifest.json', import.meta.url)), 'utf8'),
) as Manifest;

describe('an invalid command line exits 2 with two lines', () => {
  const folder = scratchFolder('usage');

  before(async () => {
    await cachectl(['put', 'x', '1', ...URL_FLAG]);
  });

  for (const [title, args, message] of [
    ['an empty key', ['get', ''], 'the key is empty'],
    ['no key', ['get'], 'missing argument KEY'],
    ['an unknown flag', ['get', 'a', '--jsn'], 'unknown flag --jsn\n  Did you mean --json?'],
    ['a bad duration', ['put', 'a', 'b', '--ttl', 'soon'], '--ttl: "soon" is not a duration'],
    ['a ttl of nothing', ['put', 'a', 'b', '--ttl', '0'], 'a TTL of 0 stores nothing'],
    ['no value', ['put', 'a'], 'missing argument VALUE'],
    ['two values', ['put', 'a', 'b', '--file', 'c'], 'VALUE and --file cannot be combined'],
    ['a file that is not there', ['put', 'a', '--file', 'none'], 'cannot read none: no such file or folder'],
    ['a folder as a file', ['put', 'a', '--file', folder], `cannot read ${folder}: it is a folder`],
    ['broken JSON', ['put', 'a', '{', '--as', 'json'], ''],
    ['no time to answer', ['get', 'a', '--timeout', '0'], '--timeout 0 leaves no time to answer'],
    ['an empty tag', ['get', 'a', '--tags', 'a,,b'], '--tags: "a,,b" has an empty tag name'],
    ['--raw of two keys', ['get', 'a', 'b', '--raw'], '--raw prints one key, not 2'],
    ['a lock without a ttl', ['lock:acquire', 'a'], 'missing flag --ttl\n  Add --ttl DURATION.'],
    ['a release without an owner', ['lock:release', 'a'], 'missing flag --owner or --force for a'],
    ['flush without a yes or a terminal', ['flush'], 'no terminal to confirm on'],
    ['tags:flush without a yes or a terminal', ['tags:flush', 'a'], 'no terminal to confirm on'],
    ['an event type that does not exist', ['events:tail', '--type', 'KeyEaten'], '--type does not take "KeyEaten"'],
    ['no name', ['lock:watch'], 'missing argument NAME\n  Usage: cachectl lock:watch NAME... [FLAGS]'],
    [
      'an argument too many',
      ['add', 'a', 'b', 'c'],
      'unexpected argument "c"\n  Usage: cachectl add [KEY] [VALUE] [FLAGS]',
    ],
    ['a program without a name', ['lock:run'], 'Usage: cachectl lock:run NAME [FLAGS] [--] COMMAND [ARGS...]'],
    ['a flag without its value', ['get', 'a', '--tags'], '--tags needs a value\n  Write a value after --tags.'],
    [
      'a flag without one of its values',
      ['keys', '--sort'],
      '--sort needs a value\n  Use one of: key, size, ttl, idle.',
    ],
    ['a wrong value of a flag', ['keys', '--sort', 'siz'], 'Did you mean size? Use one of: key, size, ttl, idle.'],
    [
      'a shell that does not exist',
      ['completion', 'fsh'],
      'unknown argument "fsh"\n  Did you mean fish? Use one of: bash, zsh, fish.',
    ],
    ['a flag given twice', ['get', 'a', '--default', '1', '--default', '2'], '--default was given more than once'],
    ['a number that is none', ['keys', '--limit', 'x'], '--limit: "x" is not a whole number\n'],
    ['a number too small', ['keys', '--limit', '0'], 'Write a whole number greater than or equal to 1.'],
    ['flags that exclude each other', ['flush', '--all', '--pattern', 'a'], '--all and --pattern cannot be combined'],
    [
      'a flag without the one it needs',
      ['keys', '--reverse'],
      '--reverse needs --sort\n  Add --sort, or remove --reverse.',
    ],
    ['neither of two flags', ['touch', 'a'], 'missing flag --forever or --ttl\n  Add --forever or --ttl DURATION.'],
    ['both of two flags', ['touch', 'a', '--ttl', '1m', '--forever'], ' cannot be combined\n  Remove one of them.'],
    ['an earlier flag', ['flush', '--older-than', '1d'], 'unknown flag --older-than\n  Use --idle-for.'],
    ['an earlier flag of locks', ['lock:list', '--older-than', '1d'], 'Use --held-for.'],
    ['an earlier flag of doctor', ['doctor', '--all'], 'Use --all-profiles.'],
    ['an earlier flag of events', ['top', '--all'], 'Use --all-prefixes.'],
    ['an earlier flag for a glob', ['events:tail', '--key', 'a*'], 'Use --pattern.'],
    [
      'a flag for a positional glob',
      ['keys', '--pattern', 'a*'],
      'Write PATTERN without a flag. Usage: cachectl keys [PATTERN] [FLAGS]',
    ],
    ['a name beside --stuck', ['lock:release', 'a', '--stuck'], 'Use --stuck --pattern GLOB'],
    [
      'a key that begins with a dash',
      ['get', '-x'],
      'unknown flag -x\n  List the flags with --help. Put -- before a key or value that begins with a dash.',
    ],
    ['a command that does not exist', ['gett', 'a'], 'gett is not a command'],
  ] as const) {
    it(title, async () => {
      const isCommand = args[0] !== 'gett';
      const { code, out, err } = await cachectl([...args, ...(isCommand ? URL_FLAG : [])]);
      expect(err).to.include(message);
      expect(err).to.match(/^error: .+\n {2}.+\n$/);
      expect({ code, out }).to.deep.equal({ code: 2, out: '' });
    });
  }

  for (const [typed, command] of Object.entries({
    set: 'put',
    del: 'forget',
    rm: 'forget',
    delete: 'forget',
    ls: 'keys',
    list: 'keys',
    scan: 'keys',
    clear: 'flush',
    exists: 'get',
    has: 'get',
    locks: 'lock:list',
    incr: 'increment',
    decr: 'decrement',
    ttl: 'inspect',
    expire: 'touch',
    monitor: 'events:tail',
    watch: 'events:tail',
  })) {
    it(`${typed} suggests ${command}, and does nothing`, async () => {
      const { code, out, err } = await cachectl([typed, 'a', '--yes']);
      expect({ code, out }).to.deep.equal({ code: 2, out: '' });
      expect(err).to.equal(`error: ${typed} is not a command\n  Did you mean ${command}?\n`);
    });
  }

  it('lists the choices of a missing argument', async () => {
    const { code, err } = await cachectl(['completion']);
    expect(code).to.equal(2);
    expect(err).to.equal('error: missing argument SHELL\n  SHELL is one of: bash, zsh, fish.\n');
  });

  it('suggests the command closest to a misspelt one', async () => {
    expect((await cachectl(['gte', 'a'])).err).to.include('Did you mean get?');
    expect((await cachectl(['tag:flush', 'a'])).err).to.include('Did you mean tags:flush?');
  });

  it('prints a document on standard output with --json', async () => {
    const { code, out, err } = await cachectl(['get', '', '--json', ...URL_FLAG]);
    expect({ code, err }).to.deep.equal({ code: 2, err: '' });
    expect(JSON.parse(out)).to.have.property('error').that.includes({ code: 'usage', message: 'the key is empty' });
  });
});

describe('the choice of a store', () => {
  const folder = scratchFolder('profile');
  const config = path.join(folder, 'cachectl.yaml');
  writeFileSync(
    config,
    'default: one\nprofiles:\n  one: {driver: sqlite, path: one.sqlite}\n  two: {driver: sqlite, path: two.sqlite}\n',
  );
  const two = path.join(folder, 'two.sqlite');

  it('is the SQLite file in the data folder without configuration', async () => {
    expect(await cachectl(['put', 'a', 'embedded'])).to.include({ code: 0, err: '' });
    expect((await cachectl(['get', 'a'])).out).to.equal('embedded\n');
  });

  it('is the default of a file above the working directory', async () => {
    await cachectl(['put', 'a', 'one'], { cwd: folder });
    expect((await cachectl(['get', 'a', '--config', config])).out).to.equal('one\n');
  });

  it('follows --profile, whatever the environment says', async () => {
    const env = { CACHECTL_URL: 'sqlite:none.sqlite', CACHECTL_PROFILE: 'one', CACHECTL_CONFIG: config };
    await cachectl(['put', 'a', 'two', '--profile', 'two'], { env });
    expect((await cachectl(['get', 'a', '--url', `sqlite://${two}`])).out).to.equal('two\n');
  });

  it('follows CACHECTL_URL before CACHECTL_PROFILE', async () => {
    const env = { CACHECTL_URL: `sqlite://${two}`, CACHECTL_PROFILE: 'one', CACHECTL_CONFIG: config };
    expect((await cachectl(['get', 'a'], { env })).out).to.equal('two\n');
  });

  it('takes one flag, not two', async () => {
    const { code, err } = await cachectl(['get', 'a', '--url', 'sqlite:none.sqlite', '--profile', 'one']);
    expect(code).to.equal(2);
    expect(err).to.include('--url and --profile both select a store');
  });
});

describe('help', () => {
  it('lists every command in its group', async () => {
    const { code, out } = await cachectl(['--help']);
    expect(code).to.equal(0);
    expect(out).to.match(/^READ AND WRITE\n {2}get .*^LOCKS\n {2}lock:run /ms);
    expect(out).not.to.match(/^OTHER$/m);
  });

  it('lists the commands of the program', async () => {
    const { code, out } = await cachectl(['--help']);
    expect(code).to.equal(0);
    const commands = ['get', 'put', 'forget', 'flush', 'tags:flush', 'lock:acquire', 'lock:release', 'events:tail'];
    for (const command of commands) expect(out).to.match(new RegExp(`^  ${command} +\\w`, 'm'));
  });

  it('of a command has its examples, by flag and by word', async () => {
    const { out } = await cachectl(['lock:acquire', '--help']);
    expect(out).to.include('OWNER=$(cachectl lock:acquire deploy --ttl 10m) || exit');
    expect((await cachectl(['help', 'lock:acquire'])).out).to.equal(out);
    expect((await cachectl(['help', 'lock', 'acquire'])).out).to.equal(out);
    expect((await cachectl(['lock:acquire', '-h'])).out).to.equal(out);
  });

  it('of a topic lists its commands', async () => {
    const { code, out } = await cachectl(['lock', '--help']);
    expect(code).to.equal(0);
    expect(out).to.match(/^ {2}lock:run +Run a command while holding a lock\.$/m);
    expect(out).not.to.include('tags:flush');
  });

  for (const [name, command] of Object.entries(MANIFEST.commands)) {
    it(`of ${name} fits 80 columns and lists every flag in one column`, async () => {
      const { code, out } = await cachectl([name, '--help']);
      expect(code).to.equal(0);
      const [prose] = out.split('\nEXAMPLES\n');
      for (const line of prose!.split('\n')) expect(line.length, line).to.be.at.most(80);
      expect(out).to.match(new RegExp(`^  cachectl ${name}\\b`, 'm'));
      const lines = out.split('\n');
      const columns = new Set<number>();
      for (const [flag, { hidden, summary }] of Object.entries(command.flags)) {
        if (hidden) continue;
        const line = lines.find(
          (each) => each.startsWith(`      --${flag} `) || (/^ {2}-\w, /.test(each) && each.includes(`--${flag} `)),
        );
        columns.add(line!.indexOf(summary!.split(' ', 1)[0]!, 6 + flag.length));
      }

      expect(columns.size).to.equal(Object.keys(command.flags).length === 0 ? 0 : 1);
    });
  }

  it('prints the version by each of its names', async () => {
    const { out } = await cachectl(['--version']);
    expect(out).to.match(/^cachectl\/\d+\.\d+\.\d+ \S+ node-v[\d.]+\n$/);
    for (const word of ['-v', '-V', 'version']) expect((await cachectl([word])).out).to.equal(out);
  });
});
