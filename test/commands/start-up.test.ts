import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
/** Where the code cache begins, in what a pack's file says of its script. */
const HEAD_LENGTH = 8;

function run(program: string | readonly string[], args: readonly string[], cwd: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, args].flat(), {
    cwd,
    encoding: 'utf8',
    env: { PATH: process.env.PATH ?? '', HOME: cwd },
    input: '',
  });
  return { code: status, out: stdout, err: stderr };
}

describe('what is compiled ahead', () => {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'cachectl-start-up-')));
  const dist = path.join(folder, 'dist');
  const packs = (): string[] => readdirSync(dist).filter((name) => name.endsWith('.pack'));
  const answer = () => run(path.join(folder, 'bin', 'run.js'), ['get', 'key'], folder);
  const ANSWER = { code: 0, out: 'value\n', err: '' };

  beforeEach(() => {
    for (const name of ['bin', 'dist', 'package.json', 'oclif.manifest.json']) {
      cpSync(path.join(REPOSITORY, name), path.join(folder, name), { recursive: true });
    }

    symlinkSync(path.join(REPOSITORY, 'node_modules'), path.join(folder, 'node_modules'));
    writeFileSync(path.join(folder, 'cachectl.yaml'), 'profiles: { local: { driver: sqlite, path: cache.sqlite } }\n');
    run(path.join(folder, 'bin', 'run.js'), ['put', 'key', 'value'], folder);
  });

  afterEach(() => {
    for (const name of readdirSync(folder)) rmSync(path.join(folder, name), { recursive: true });
  });

  after(() => rmSync(folder, { recursive: true }));

  it('is there, for each part that runs often', () => {
    expect(packs()).to.include.members(['program.pack', 'sqlite.pack', 'redis.pack', 'profile.pack']);
    expect(answer()).to.deep.equal(ANSWER);
  });

  it('is not needed', () => {
    for (const name of packs()) rmSync(path.join(dist, name));
    expect(answer()).to.deep.equal(ANSWER);
  });

  it('is left where it is cut off', () => {
    for (const name of packs()) truncateSync(path.join(dist, name), 1000);
    expect(answer()).to.deep.equal(ANSWER);
    for (const name of packs()) truncateSync(path.join(dist, name), 3);
    expect(answer()).to.deep.equal(ANSWER);
  });

  it('is left where a bit of it is wrong', () => {
    for (const name of packs()) {
      const content = readFileSync(path.join(dist, name));
      // Beyond what V8 looks at before it takes it: it would fall over this one.
      for (let at = content.length - 5000; at < content.length; at += 10) content[at]! ^= 1;
      writeFileSync(path.join(dist, name), content);
    }

    expect(answer()).to.deep.equal(ANSWER);
  });

  it('is compiled anew where it is of another V8', () => {
    for (const name of packs()) {
      const content = readFileSync(path.join(dist, name));
      // V8's cache begins with a number that is its own, and the hash of its version.
      const cache = HEAD_LENGTH + content.readUInt32LE(4);
      content.writeUInt32LE(content.readUInt32LE(cache + 4) ^ 1, cache + 4);
      content.writeUInt32LE(crc32(content.subarray(4)), 0);
      writeFileSync(path.join(dist, name), content);
    }

    expect(answer()).to.deep.equal(ANSWER);
  });
});

describe('a command that is run without what oclif reads first', () => {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'cachectl-start-up-')));
  const built = path.join(REPOSITORY, 'bin', 'run.js');
  // Knows nothing from a build, so that oclif does it all.
  const sources = ['--import', import.meta.resolve('tsx'), path.join(REPOSITORY, 'bin', 'dev.js')];

  before(() => {
    run(built, ['put', 'key', 'value'], folder);
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
    it(`does as oclif does with: ${args.join(' ')}`, () => {
      expect(run(built, args, folder)).to.deep.equal(run(sources, args, folder));
    });
  }
});
