import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** As the shells have it. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;
const BY_SIGNAL = 128;

/** A command of the user's: it has our standard input, output and error, and gets the signals that we get. */
export class ChildCommand {
  /** Its exit code; 128 and the signal's number when a signal ended it; 127 or 126 when it could not be started. */
  readonly exitCode: Promise<number>;
  /** Why it could not be started. */
  failure: Error | undefined;
  readonly #child: ChildProcess;
  #killing: NodeJS.Timeout | undefined;

  constructor([command, ...args]: readonly [string, ...string[]], env: Readonly<Record<string, string>>) {
    const forward = (signal: NodeJS.Signals): void => {
      // A terminal sends Ctrl-C to the child by itself; twice would make many programs give up their own tidying.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) this.#child.kill(signal);
    };

    for (const signal of FORWARDED) process.on(signal, forward);
    this.#child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, ...env } });
    this.exitCode = new Promise<number>((resolve) => {
      this.#child.once('error', (error: NodeJS.ErrnoException) => {
        this.failure = error;
        resolve(error.code === 'ENOENT' ? NOT_FOUND : NOT_EXECUTABLE);
      });
      this.#child.once('exit', (code, signal) => {
        resolve(code ?? BY_SIGNAL + (signal === null ? 0 : constants.signals[signal]));
      });
    }).finally(() => {
      clearTimeout(this.#killing);
      for (const signal of FORWARDED) process.off(signal, forward);
    });
  }

  /** TERM, and KILL after `grace` seconds. */
  stop(grace: number): void {
    this.#child.kill('SIGTERM');
    this.#killing = setTimeout(() => this.#child.kill('SIGKILL'), grace * 1000);
  }
}
