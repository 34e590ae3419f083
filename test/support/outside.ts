import type { Context } from 'mocha';

import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { requireProgram } from './requirements.js';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const EXAMPLE = path.join(REPOSITORY, 'examples', 'lmdb-store');
/** Packages that an author installs beside cachectl. */
const INSTALLED = ['.bin', '@types', 'chai', 'lmdb', 'mocha', 'typescript'];

export interface Outcome {
  readonly code: null | number;
  readonly out: string;
  readonly err: string;
}

/** A user's project with the example driver, as a file and as a package, and cachectl as packed by npm. */
export class Outside {
  readonly folder: string;
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
    this.folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'cachectl-outside-')));
  }

  async install(): Promise<void> {
    const { folder } = this;
    const modules = path.join(folder, 'node_modules');
    mkdirSync(path.join(modules, 'cachectl'), { recursive: true });
    for (const name of INSTALLED) symlinkSync(path.join(REPOSITORY, 'node_modules', name), path.join(modules, name));
    copyExample(folder);
    copyExample(path.join(modules, 'cachectl-lmdb-store'));

    const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder];
    await this.#must('npm', pack, REPOSITORY);
    const archive = readdirSync(folder).find((name) => name.endsWith('.tgz'))!;
    if (!existsSync(path.join(REPOSITORY, 'dist', 'index.js'))) throw new Error('there is no build: npm run build');
    await this.#must('tar', ['-xzf', archive, '--strip-components', '1', '-C', path.join(modules, 'cachectl')], folder);
  }

  /** Write a file of the project and return its path. */
  write(name: string, content: string): string {
    const file = path.join(this.folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
    return file;
  }

  /** For `import` in these tests. */
  urlOf(name: string): string {
    return pathToFileURL(path.join(this.folder, name)).href;
  }

  /** Run the program that is installed in the project. */
  async cachectl(...args: string[]): Promise<Outcome> {
    return this.node(path.join(this.folder, 'node_modules', 'cachectl', 'bin', 'run.js'), ...args);
  }

  /** Run the program of this repository, as if installed globally. */
  async globalCachectl(...args: string[]): Promise<Outcome> {
    return this.node(path.join(REPOSITORY, 'bin', 'run.js'), ...args);
  }

  async node(...args: string[]): Promise<Outcome> {
    return this.#run(process.execPath, args, this.folder);
  }

  /** Run the `test` command of the example's package.json. */
  async npmTest(): Promise<Outcome> {
    return this.#run(requireProgram(this.#context, 'npm'), ['test', '--silent'], this.folder);
  }

  remove(): void {
    rmSync(this.folder, { force: true, recursive: true });
  }

  async #must(program: string, args: readonly string[], cwd: string): Promise<void> {
    const { code, out, err } = await this.#run(requireProgram(this.#context, program), args, cwd);
    if (code !== 0) throw new Error(`${program} failed: ${out}${err}`);
  }

  async #run(program: string, args: readonly string[], cwd: string): Promise<Outcome> {
    const env = { PATH: process.env.PATH ?? '', HOME: this.folder };
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const code = new Promise<null | number>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { code: await code, out, err };
  }
}

/** Copy the example driver of the repository. */
export function copyExample(to: string): void {
  for (const entry of readdirSync(EXAMPLE, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const copy = path.join(to, path.relative(EXAMPLE, file));
    mkdirSync(path.dirname(copy), { recursive: true });
    copyFileSync(file, copy);
  }
}

/** A project for the enclosing tests. */
export function withOutside(): () => Outside {
  let outside: Outside;
  before(async function () {
    this.timeout(120_000);
    outside = new Outside(this);
    await outside.install();
  });
  after(() => outside?.remove());
  return () => outside;
}
