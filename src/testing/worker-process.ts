import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import type { Profile } from '../profiles/profile.js';
import type { Job } from './worker.js';

/** The sources run through tsx, a build runs as it is. */
const ARGUMENTS = import.meta.url.endsWith('.ts')
  ? ['--import', 'tsx', fileURLToPath(new URL('worker.ts', import.meta.url))]
  : [fileURLToPath(new URL('worker.js', import.meta.url))];

/** A child process with its own store. */
export class Worker {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #answers: AsyncIterator<string>;

  constructor(profile: Profile) {
    this.#child = spawn(process.execPath, [...ARGUMENTS, JSON.stringify(profile)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#lines = createInterface({ input: this.#child.stdout! });
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  /** Resolves when the store has answered once. */
  async ready(): Promise<void> {
    await this.#answer();
  }

  /** Returns how many times the job succeeded. */
  async does(job: Job): Promise<number> {
    this.#child.stdin!.write(`${JSON.stringify(job)}\n`);
    return Number(await this.#answer());
  }

  /** Ends the process like a crash. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }

  end(): void {
    this.#child.stdin!.end();
  }

  async #answer(): Promise<string> {
    const { value, done } = await this.#answers.next();
    if (done) throw new Error('The worker ended without an answer; see what it wrote to standard error.');
    return value;
  }
}
