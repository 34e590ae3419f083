import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, cpSync, mkdirSync, readdirSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { NEWEST, requireNode } from '../support/nodes.js';
import { lacking, programPath } from '../support/requirements.js';
import { scratchFolder } from '../support/scratch.js';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const RUNNING = Number.parseInt(process.versions.node, 10);

/** The running Node and the newest; every supported one with CACHECTL_TEST_NODES=all. */
const MAJORS = new Set([RUNNING, ...(process.env.CACHECTL_TEST_NODES === 'all' ? [22, 24] : []), NEWEST]);

/** A user without rights, for tests that root runs. */
const NOBODY = 65_534;
const IS_ROOT = process.getuid?.() === 0;

const NPM = realpathSync(programPath('npm')!);

describe('npm install --global of the packed tarball', () => {
  let tarball: string;
  const installed = new Map<number, Installation>();

  before(() => {
    const folder = scratchFolder('pack');
    chmodSync(folder, 0o755);
    const flags = ['--ignore-scripts', '--silent', '--pack-destination', folder];
    const { status, stderr } = spawnSync('npm', ['pack', ...flags], { cwd: REPOSITORY, encoding: 'utf8' });
    expect(status, stderr).to.equal(0);
    tarball = path.join(folder, readdirSync(folder)[0]!);
  });

  for (const major of MAJORS) {
    it(`stores and reads a value on Node ${major}, without scripts, a registry, a home or a native module`, function () {
      const installation = new Installation(major === RUNNING ? process.execPath : requireNode(this, major));
      installation.install(tarball);
      installed.set(major, installation);
      expect(installation.packages()).to.deep.equal(['cachectl']);
      if (major < 22) {
        const { code, out, err } = installation.cachectl(['put', 'greeting', 'hello']);
        expect({ code, out }).to.deep.equal({ code: 3, out: '' });
        expect(err).to.match(
          /^error: SQLite on Node 20\.\S+ \(\S+\) needs the package better-sqlite3, .+\n {2}Run .+\n$/,
        );
        expect(err).to.include(`npm install -g better-sqlite3@12 --prefix ${installation.prefix}`);
        installation.add('better-sqlite3');
      }

      expectRoundTrip(installation, { env: major < 22 ? {} : { NODE_OPTIONS: '--no-addons' } });
    });
  }

  it('works for a user who may write neither the program nor its folder', function () {
    const installation = installed.get(NEWEST) ?? lacking(this, `Node ${NEWEST} is not installed`);
    if (!IS_ROOT) spawnSync('chmod', ['-R', 'a-w', installation.prefix]);
    expectRoundTrip(installation, { uid: NOBODY });
    const { code, err } = installation.cachectl(['put', 'a', '1'], { uid: NOBODY, env: { HOME: '/nonexistent' } });
    if (!IS_ROOT) spawnSync('chmod', ['-R', 'u+w', installation.prefix]);
    // A user without an account and without HOME, as in a container.
    const nameless = IS_ROOT ? installation.cachectl(['put', 'a', '1'], { uid: 54_321 }) : undefined;
    if (nameless) expect(nameless.err).to.match(/^error: cannot open \/\.local\/\S+: permission denied\n/);
    expect(code).to.equal(3);
    expect(err).to.match(/^error: cannot open \/nonexistent\/\S+: permission denied\n {2}.+--url sqlite:.+\n$/);
  });

  it('can be done by a user who is not root', function () {
    if (!IS_ROOT) return;
    const installation = new Installation(requireNode(this, NEWEST));
    installation.install(tarball, { uid: NOBODY });
    expectRoundTrip(installation, { uid: NOBODY });
  });
});

function expectRoundTrip(installation: Installation, user: User): void {
  const { HOME: XDG_DATA_HOME } = installation.home(user);
  const withFolder = { ...user, env: { ...user.env, XDG_DATA_HOME: XDG_DATA_HOME! } };
  const put = installation.cachectl(['put', 'greeting', 'hello', '--ttl', '10m'], withFolder);
  expect(put).to.include({ code: 0, err: '' });
  expect(installation.cachectl(['get', 'greeting'], withFolder)).to.deep.equal({ code: 0, out: 'hello\n', err: '' });
  const version = installation.cachectl(['--version'], withFolder);
  expect(version).to.include({ code: 0, err: '' });
}

interface User {
  /** Of another user, if root runs the tests. */
  readonly uid?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** A copy of a Node, and an npm prefix. */
class Installation {
  readonly prefix: string;
  readonly #folder: string;
  #homes = 0;

  constructor(node: string) {
    this.#folder = scratchFolder('install');
    this.prefix = path.join(this.#folder, 'prefix');
    mkdirSync(this.prefix);
    copyFileSync(node, path.join(this.#folder, 'node'));
    for (const file of ['', 'node']) chmodSync(path.join(this.#folder, file), 0o755);
  }

  /** An empty home that belongs to the user. */
  home(user: User): { readonly HOME: string } {
    const home = path.join(this.#folder, `home-${this.#homes++}`);
    mkdirSync(home);
    if (IS_ROOT && user.uid !== undefined) chownSync(home, user.uid, user.uid);
    return { HOME: home };
  }

  install(tarball: string, user: User = {}): void {
    if (IS_ROOT && user.uid !== undefined) chownSync(this.prefix, user.uid, user.uid);
    const flags = ['--global', '--ignore-scripts', '--offline', '--omit=optional', '--prefix', this.prefix];
    const { code, err } = this.#run([NPM, 'install', ...flags, tarball], { ...user, env: this.home(user) });
    expect(code, err).to.equal(0);
  }

  /** Copy a package of the repository, with its binaries, to the prefix. */
  add(name: string): void {
    cpSync(path.join(REPOSITORY, 'node_modules', name), path.join(this.#modules(), name), { recursive: true });
  }

  packages(): readonly string[] {
    return readdirSync(this.#modules());
  }

  cachectl(args: readonly string[], user: User = {}) {
    return this.#run([path.join(this.prefix, 'bin', 'cachectl'), ...args], user);
  }

  #modules(): string {
    return path.join(this.prefix, 'lib', 'node_modules');
  }

  #run(args: readonly string[], { uid, env }: User) {
    const { status, stdout, stderr } = spawnSync(path.join(this.#folder, 'node'), args, {
      cwd: this.#folder,
      encoding: 'utf8',
      env: { PATH: `${this.#folder}:${process.env.PATH ?? ''}`, ...env },
      input: '',
      ...(IS_ROOT && uid !== undefined && { uid, gid: uid }),
    });
    return { code: status, out: stdout, err: stderr };
  }
}
