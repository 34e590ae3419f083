import type { Readable } from 'node:stream';

import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { closeSync } from 'node:fs';
import { constants } from 'node:os';

import { openPipe } from './system-pipe.js';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** As the shells have it. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;
const BY_SIGNAL = 128;

/** A program and its arguments. */
export type CommandLine = readonly [string, ...string[]];

export interface ChildOptions {
  /** Beside our own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** It has no standard input, and its output is for us (`stdout`). */
  readonly isCaptured?: boolean;
}

/** A command of the user's: it has our standard input, output and error, and gets the signals that we get. */
export class ChildCommand {
  /** Its exit code; 128 and the signal's number when a signal ended it; 127 or 126 when it could not be started. */
  readonly exitCode: Promise<number>;
  /** Why it could not be started. */
  failure: Error | undefined;
  /** A signal that we got while it ran, or that ended it: what it did may be cut short. */
  signal: NodeJS.Signals | undefined;
  readonly #child: ChildProcess;
  readonly #output: Readable | undefined;
  #killing: NodeJS.Timeout | undefined;

  constructor([command, ...args]: CommandLine, { env, isCaptured = false }: ChildOptions = {}) {
    const forward = (signal: NodeJS.Signals): void => {
      this.signal = signal;
      // A terminal sends Ctrl-C to the child by itself; twice would make many programs give up their own tidying.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) this.#child.kill(signal);
    };

    for (const signal of FORWARDED) process.on(signal, forward);
    const pipe = isCaptured ? openPipe() : undefined;
    const stdio: StdioOptions = isCaptured ? ['ignore', pipe?.writeEnd ?? 'pipe', 'inherit'] : 'inherit';
    this.#child = spawn(command, args, { stdio, env: { ...process.env, ...env } });
    // Ours would keep the output from ever ending.
    if (pipe !== undefined) closeSync(pipe.writeEnd);
    this.#output = pipe?.output ?? this.#child.stdout ?? undefined;
    this.exitCode = new Promise<number>((resolve) => {
      this.#child.once('error', (error: NodeJS.ErrnoException) => {
        this.failure = error;
        resolve(error.code === 'ENOENT' ? NOT_FOUND : NOT_EXECUTABLE);
      });
      this.#child.once('exit', (code, signal) => {
        this.signal ??= signal ?? undefined;
        resolve(code ?? BY_SIGNAL + (signal === null ? 0 : constants.signals[signal]));
      });
    }).finally(() => {
      clearTimeout(this.#killing);
      for (const signal of FORWARDED) process.off(signal, forward);
    });
  }

  /** Of a command that is captured. */
  get stdout(): Readable {
    return this.#output!;
  }

  /** TERM, and KILL after `grace` seconds. */
  stop(grace: number): void {
    this.#child.kill('SIGTERM');
    this.#killing = setTimeout(() => this.#child.kill('SIGKILL'), grace * 1000);
  }
}
