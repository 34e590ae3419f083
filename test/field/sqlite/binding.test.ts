import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));
const NODE = `Node ${process.versions.node} (${process.platform}-${process.arch})`;

/** What Node says of a binary that was made for Node 20, when Node 22 loads it. */
const OTHER_NODE = `The module '/x/better_sqlite3.node'
was compiled against a different Node.js version using
NODE_MODULE_VERSION 115. This version of Node.js requires
NODE_MODULE_VERSION 127. Please try re-compiling or re-installing`;

/** Without node_modules: dist holds everything else that the program needs. */
const PROGRAM = ['bin', 'dist', 'package.json', 'oclif.manifest.json'];

describe('an SQLite binding that does not load', () => {
  /** The working folder. */
  let folder: string;
  /** The root of cachectl's package. */
  let root: string;

  const cachectl = (args: readonly string[], env: NodeJS.ProcessEnv = {}) => {
    const { PATH = '' } = process.env;
    const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(root, 'bin', 'run.js'), ...args], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH, HOME: folder, CACHECTL_SQLITE_BINDING: 'better-sqlite3', ...env },
      input: '',
    });
    return { code: status, out: stdout, err: stderr };
  };

  function moveProgram(to: string): void {
    mkdirSync(to, { recursive: true });
    for (const name of PROGRAM) renameSync(path.join(root, name), path.join(to, name));
    root = to;
  }

  /** As npm leaves the package where its install script did not run. */
  function installUnbuilt(): string {
    const library = path.join(folder, 'node_modules', 'better-sqlite3');
    mkdirSync(path.join(library, 'lib'), { recursive: true });
    writeFileSync(
      path.join(library, 'package.json'),
      JSON.stringify({ name: 'better-sqlite3', version: '12.11.1', main: 'lib/index.js' }),
    );
    writeFileSync(path.join(library, 'lib', 'index.js'), 'module.exports = class {};');
    return library;
  }

  function installBuilt(binary: string): void {
    const release = path.join(installUnbuilt(), 'build', 'Release');
    mkdirSync(release, { recursive: true });
    writeFileSync(path.join(release, 'better_sqlite3.node'), binary);
  }

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'cachectl-binding-')));
    root = folder;
    for (const name of PROGRAM) cpSync(path.join(REPOSITORY, name), path.join(root, name), { recursive: true });

    writeFileSync(path.join(folder, 'cachectl.yaml'), 'profiles: { local: { driver: sqlite, path: cache.sqlite } }\n');
    writeFileSync(path.join(folder, 'cache.sqlite'), '');
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const expectRefusal = (result: ReturnType<typeof cachectl>, reason: string, command: string): void => {
    expect(result).to.include({ code: 3, out: '' });
    expect(result.err.trimEnd().split('\n')).to.have.lengthOf(2);
    expect(result.err).to.contain(NODE).and.contain(reason).and.contain(command);
    expect(result.err).to.not.match(/fault of cachectl|profile's path/);
  };

  it('is not installed, in a clone', () => {
    expectRefusal(cachectl(['get', 'key']), 'which is not installed', `sh ${folder}/scripts/install.sh`);
  });

  it('is not installed in a project', () => {
    moveProgram(path.join(folder, 'node_modules', 'cachectl'));
    writeFileSync(path.join(folder, 'package.json'), '{}');
    const command = `npm install better-sqlite3@12 --prefix ${folder}.`;
    expectRefusal(cachectl(['get', 'key']), 'which is not installed', command);
  });

  it('is not installed where cachectl is installed globally', () => {
    moveProgram(path.join(folder, 'lib', 'node_modules', 'cachectl'));
    const command = `npm install -g better-sqlite3@12 --prefix ${folder}.`;
    expectRefusal(cachectl(['get', 'key']), 'which is not installed', command);
  });

  it('is not built', () => {
    installUnbuilt();
    const command = `npm rebuild better-sqlite3 --prefix ${folder}`;
    expectRefusal(cachectl(['get', 'key']), 'has not been built', command);
    expectRefusal(cachectl(['put', 'key', 'value']), 'has not been built', command);
  });

  it('is built for another Node', () => {
    installBuilt('');
    const preload = path.join(folder, 'dlopen.cjs');
    writeFileSync(
      preload,
      `process.dlopen = () => { throw Object.assign(new Error(${JSON.stringify(OTHER_NODE)}), { code: 'ERR_DLOPEN_FAILED' }); };`,
    );
    const result = cachectl(['get', 'key'], { NODE_OPTIONS: `--require ${preload}` });
    expectRefusal(result, 'was built for another version of Node', 'npm rebuild better-sqlite3');
  });

  it('is damaged', () => {
    installBuilt('not a library');
    expectRefusal(cachectl(['get', 'key']), 'does not load', 'npm rebuild better-sqlite3');
  });

  it('is the first problem that doctor reports', () => {
    const { code, out, err } = cachectl(['doctor']);
    expect(code).to.equal(3);
    expect(out + err)
      .to.contain('which is not installed')
      .and.contain(`sh ${folder}/scripts/install.sh`);
  });

  it('leaves help and other stores alone', () => {
    expect(cachectl(['get', '--help'])).to.include({ code: 0 });
    const redis = cachectl(['get', 'key', '--url', 'redis://127.0.0.1:1']);
    expect(redis.code).to.equal(3);
    expect(redis.err).to.contain('127.0.0.1:1').and.not.contain('better-sqlite3');
  });
});

describe('the SQLite binding', () => {
  it('prints no warning, and is named by doctor', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'cachectl-binding-'));
    try {
      const url = `sqlite://${folder}/cache.sqlite`;
      const run = (...args: readonly string[]) =>
        spawnSync(process.execPath, [path.join(REPOSITORY, 'bin', 'run.js'), ...args, '--url', url], {
          encoding: 'utf8',
          input: '',
        });
      expect(run('put', 'key', 'value')).to.include({ status: 0, stderr: '' });
      expect(run('get', 'key')).to.include({ status: 0, signal: null, stdout: 'value\n', stderr: '' });
      const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
      const hasSqlite = major > 22 || (major === 22 && minor >= 16);
      expect(run('doctor', '--read-only').stdout).to.contain(hasSqlite ? 'node:sqlite' : 'better-sqlite3 12');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
