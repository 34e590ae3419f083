import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { NEWEST, requireNode } from '../support/nodes.js';
import { scratchFolder } from '../support/scratch.js';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Tests of commands that run against the executable, too: on each store, what it loads from itself. All of them, and
 * more commands, with CACHECTL_TEST_NODES=all.
 */
const SELECTED =
  process.env.CACHECTL_TEST_NODES === 'all'
    ? ['get-put', 'forget-flush', 'tags', 'locks', 'remember'].map((name) => `test/commands/${name}.test.ts`)
    : ['test/commands/get-put.test.ts', '--grep', 'several keys|binary values|same tags|from NDJSON'];

describe('the standalone program', () => {
  const folder = scratchFolder('standalone');
  const program = path.join(folder, 'cachectl');
  const url = ['--url', `sqlite://${folder}/cache.sqlite`];

  before(function () {
    requireNode(this, NEWEST);
    const { status, stderr } = spawnSync(process.execPath, ['scripts/build-standalone.mjs', program], {
      cwd: REPOSITORY,
      encoding: 'utf8',
    });
    expect(status, stderr).to.equal(0);
  });

  /** Without PATH, and with a home that does not exist. */
  const run = (args: readonly string[], cwd = folder) => {
    const env = { PATH: '', HOME: '/nonexistent' };
    const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8', env, input: '' });
    return { code: status, out: stdout, err: stderr };
  };

  it('stores and reads a value', () => {
    expect(run(['put', 'users:1', 'Jane', '--tags', 'people', ...url])).to.include({ code: 0, err: '' });
    const get = run(['get', 'users:1', '--tags', 'people', ...url]);
    expect(get).to.deep.equal({ code: 0, out: 'Jane\n', err: '' });
    expect(run(['get', 'none', ...url])).to.include({ code: 1, out: '' });
  });

  it('contains its help and its version', () => {
    const { version } = process.versions.node.startsWith(`${NEWEST}.`) ? process : { version: `v${NEWEST}.` };
    expect(run(['--version']).out)
      .to.match(/^cachectl\/\d+\.\d+\.\d+ \S+ /)
      .and.include(`node-${version}`);
    const help = run(['help', 'lock:run']);
    expect(help).to.include({ code: 0, err: '' });
    expect(help.out).to.include('cachectl lock:run NAME [FLAGS] [--] COMMAND [ARGS...]');
  });

  it('runs a command under a lock', () => {
    expect(run(['lock:run', 'deploy', ...url, '--', '/bin/echo', 'deployed'])).to.include({
      code: 0,
      out: 'deployed\n',
    });
  });

  it('loads a custom driver by path, with the packages beside it, native ones too', () => {
    const project = path.join(folder, 'project');
    mkdirSync(project);
    for (const file of ['driver.mjs', 'records.mjs', 'store.mjs']) {
      copyFileSync(path.join(REPOSITORY, 'examples/lmdb-store', file), path.join(project, file));
    }

    const profile = 'profiles: { shop: { driver: ./driver.mjs, folder: data } }\n';
    writeFileSync(path.join(project, 'cachectl.yaml'), profile);
    const { code, err } = run(['get', 'a'], project);
    expect(code).to.equal(2);
    expect(err).to.match(/^error: .*Cannot find package 'cachectl'.*\n {2}Install cachectl beside the driver.*\n$/);

    const modules = path.join(project, 'node_modules');
    mkdirSync(modules);
    symlinkSync(REPOSITORY, path.join(modules, 'cachectl'));
    symlinkSync(path.join(REPOSITORY, 'node_modules', 'lmdb'), path.join(modules, 'lmdb'));
    expect(run(['put', 'a', '1'], project)).to.include({ code: 0, err: '' });
    expect(run(['get', 'a'], project)).to.deep.equal({ code: 0, out: '1\n', err: '' });
  });

  it('passes the tests of commands', function () {
    this.timeout(600_000);
    const { status, stdout } = spawnSync(
      process.execPath,
      ['node_modules/mocha/bin/mocha.js', '--parallel=false', ...SELECTED],
      { cwd: REPOSITORY, encoding: 'utf8', env: { ...process.env, CACHECTL_TEST_PROGRAM: program } },
    );
    expect(status, stdout).to.equal(0);
  });
});
