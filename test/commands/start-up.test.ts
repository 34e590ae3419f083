import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { COMMANDS } from '../../src/command-table.js';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const PROGRAM = path.join(REPOSITORY, 'bin', 'run.js');

function run(program: string | readonly string[], args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, args].flat(), {
    cwd,
    encoding: 'utf8',
    env: { PATH: process.env.PATH ?? '', HOME: cwd, ...env },
    input: '',
  });
  return { code: status, out: stdout, err: stderr };
}

describe('the code cache', () => {
  let folder: string;
  const cache = (): string => path.join(folder, '.cache', 'cachectl');
  const answer = (env?: NodeJS.ProcessEnv) => run(PROGRAM, ['get', 'key'], folder, env);
  const ANSWER = { code: 0, out: 'value\n', err: '' };

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'cachectl-start-up-')));
    writeFileSync(path.join(folder, 'cachectl.yaml'), 'profiles: { local: { driver: sqlite, path: cache.sqlite } }\n');
    run(PROGRAM, ['put', 'key', 'value'], folder, { HOME: '' });
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it("is in the user's cache folder", () => {
    expect(answer()).to.deep.equal(ANSWER);
    expect(existsSync(cache())).to.equal(true);
    expect(answer()).to.deep.equal(ANSWER);
  });

  it('is in XDG_CACHE_HOME', () => {
    const xdg = path.join(folder, 'xdg');
    mkdirSync(xdg);
    expect(answer({ XDG_CACHE_HOME: xdg })).to.deep.equal(ANSWER);
    expect(existsSync(path.join(xdg, 'cachectl'))).to.equal(true);
    expect(existsSync(cache())).to.equal(false);
  });

  it('is harmless if it cannot be written', () => {
    writeFileSync(path.join(folder, '.cache'), 'a file');
    expect(answer()).to.deep.equal(ANSWER);
    expect(answer({ XDG_CACHE_HOME: '/proc' })).to.deep.equal(ANSWER);
    expect(answer({ HOME: '/nonexistent' })).to.deep.equal(ANSWER);
    expect(answer({ HOME: '' })).to.deep.equal(ANSWER);
    rmSync(path.join(folder, '.cache'));
    mkdirSync(path.join(folder, '.cache'));
    chmodSync(path.join(folder, '.cache'), 0o500);
    expect(answer()).to.deep.equal(ANSWER);
  });

  it('is harmless and written again if it is damaged', () => {
    answer();
    const [file] = readdirSync(cache());
    const content = readFileSync(path.join(cache(), file!));
    for (const damaged of [
      content.subarray(0, content.length / 2),
      Buffer.alloc(2),
      Buffer.from(content).fill(7, 100),
    ]) {
      writeFileSync(path.join(cache(), file!), damaged);
      expect(answer()).to.deep.equal(ANSWER);
      expect(readFileSync(path.join(cache(), file!)).length, 'written again').to.be.above(100_000);
    }
  });

  // `keys` sets V8 flags, and V8 rejects code that it compiled with other flags.
  it('of a command is written once, and again if the command loads more', () => {
    const commands = [['get', 'key'], ['keys'], ['--version'], ['gett']];
    for (const command of commands) run(PROGRAM, command, folder);
    const first = written(cache());
    expect(first.map(([name]) => name)).to.have.members(['get', 'help', 'keys']);
    for (const command of commands) run(PROGRAM, command, folder);
    expect(written(cache())).to.deep.equal(first);
    run(PROGRAM, ['get', 'key', '--url', 'file:other'], folder);
    expect(written(cache())).to.not.deep.equal(first);
  });

  it('loads a custom driver, without a warning', () => {
    writeFileSync(path.join(folder, 'driver.mjs'), 'export default undefined;\n');
    writeFileSync(path.join(folder, 'cachectl.yaml'), 'profiles: { own: { driver: ./driver.mjs } }\n');
    const first = answer();
    expect(first.err).to.match(/^error: .+ its module has no driver as default export\n/);
    expect(answer()).to.deep.equal(first);
  });

  it("is not in another user's folder, as with sudo", () => {
    // Only root can give the folder away. Other users cannot have the folder of another user here.
    const other = path.join(folder, 'other');
    mkdirSync(other);
    if (process.getuid?.() === 0) chownSync(other, 12_345, 12_345);
    const isOurs = statSync(other).uid === process.getuid?.();
    expect(answer({ XDG_CACHE_HOME: other })).to.deep.equal(ANSWER);
    expect(existsSync(path.join(other, 'cachectl'))).to.equal(isOurs);
  });

  it('is not in a folder whose content others can replace', () => {
    const shared = path.join(folder, 'shared');
    mkdirSync(shared);
    chmodSync(shared, 0o777);
    expect(answer({ XDG_CACHE_HOME: shared })).to.deep.equal(ANSWER);
    expect(existsSync(path.join(shared, 'cachectl'))).to.equal(false);
  });
});

/** The commands whose code is cached, and when it was written. */
function written(cache: string): ReadonlyArray<[command: string, at: number]> {
  return readdirSync(cache).map((name) => [name.replace(/-.*/, ''), statSync(path.join(cache, name)).mtimeMs]);
}

describe('the table of commands', () => {
  it('names each file of src/commands', () => {
    const files = readdirSync(path.join(REPOSITORY, 'src', 'commands'), { recursive: true })
      .map(String)
      .filter((file) => file.endsWith('.ts'));
    const ids = files.map((file) => file.replace(/\.ts$/, '').replaceAll(path.sep, ':'));
    expect(Object.keys(COMMANDS)).to.have.members(ids);
  });
});

describe('the built program', () => {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'cachectl-start-up-')));
  const sources = ['--import', import.meta.resolve('tsx'), path.join(REPOSITORY, 'bin', 'dev.js')];

  before(() => {
    run(PROGRAM, ['put', 'key', 'value'], folder);
  });

  after(() => rmSync(folder, { recursive: true }));

  for (const args of [
    ['get', 'key'],
    ['get', 'key', 'none', '--json'],
    ['get', 'none'],
    ['get', 'key', '--jsn'],
    ['get', '--', '--help'],
    ['get', 'key', '--help'],
    ['get', 'key', '--timeout', 'soon', '--json'],
    ['tags:flush'],
    ['tags'],
    ['gett', 'key'],
    ['--version'],
    [],
  ]) {
    it(`behaves like the sources with: ${args.join(' ')}`, () => {
      expect(run(PROGRAM, args, folder)).to.deep.equal(run(sources, args, folder));
    });
  }
});
