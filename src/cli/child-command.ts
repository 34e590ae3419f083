import { type ChildProcess, spawn, type SpawnOptions, type StdioOptions } from 'node:child_process';
import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { Readable } from 'node:stream';

import { UsageError } from '../errors.js';
import { callersEnvironment } from './environment.js';
import { openPipe } from './system-pipe.js';

/** Signals that are for whatever does the work. */
const FORWARDED = ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;

/** A terminal sends these to the child by itself; twice would make many programs give up their own tidying. */
const BY_TERMINALS: ReadonlySet<NodeJS.Signals> = new Set(['SIGINT', 'SIGQUIT']);

/** What a program is told by these is its own affair. */
const TELLING: ReadonlySet<NodeJS.Signals> = new Set(['SIGUSR1', 'SIGUSR2']);

/** As the shells have it. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;
const BY_SIGNAL = 128;

/** A program and its arguments. */
export type CommandLine = readonly [string, ...string[]];

/** @throws UsageError when there is no program, with `hint` */
export function commandLine([program, ...args]: readonly string[], hint: string): CommandLine {
  if (program === undefined) throw new UsageError('there is no command to run', hint);
  if (program !== '') return [program, ...args];
  throw new UsageError('the command is empty', 'Is a variable unset? Quote it and check it: "${COMMAND:?}"');
}

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
  /** A signal to end that we got while it ran, or that ended it: what it did may be cut short. */
  signal: NodeJS.Signals | undefined;
  readonly #child: ChildProcess | undefined;
  readonly #output: Readable;
  #killing: NodeJS.Timeout | undefined;

  constructor([command, ...args]: CommandLine, { env, isCaptured = false }: ChildOptions = {}) {
    const forward = (signal: NodeJS.Signals): void => {
      if (!TELLING.has(signal)) this.signal = signal;
      if (!BY_TERMINALS.has(signal) || !process.stdin.isTTY) this.#child?.kill(signal);
    };

    for (const signal of FORWARDED) process.on(signal, forward);
    const pipe = isCaptured ? openPipe() : undefined;
    const stdio: StdioOptions = isCaptured ? ['ignore', pipe?.writeEnd ?? 'pipe', 'inherit'] : 'inherit';
    this.#child = this.#spawned([command, ...args], { stdio, env: { ...callersEnvironment(), ...env } });
    // Ours would keep the output from ever ending.
    if (pipe !== undefined) closeSync(pipe.writeEnd);
    this.#output = pipe?.output ?? this.#child?.stdout ?? Readable.from([]);
    this.exitCode = this.#ended().finally(() => {
      clearTimeout(this.#killing);
      for (const signal of FORWARDED) process.off(signal, forward);
    });
  }

  /** Of a command that is captured. */
  get stdout(): Readable {
    return this.#output;
  }

  /** TERM, and KILL after `grace` seconds. */
  stop(grace: number): void {
    this.#child?.kill('SIGTERM');
    this.#killing = setTimeout(() => this.#child?.kill('SIGKILL'), grace * 1000);
  }

  /** Of some reasons not to start a program (`ENOTDIR`) Node tells at once, of others (`ENOENT`) by an event. */
  #spawned([command, ...args]: CommandLine, options: SpawnOptions): ChildProcess | undefined {
    try {
      return spawn(command, args, options);
    } catch (error) {
      this.failure = error as Error;
      return undefined;
    }
  }

  async #ended(): Promise<number> {
    const child = this.#child;
    if (child === undefined) return NOT_EXECUTABLE;
    return new Promise<number>((resolve) => {
      child.once('error', (error: NodeJS.ErrnoException) => {
        this.failure = error;
        resolve(error.code === 'ENOENT' ? NOT_FOUND : NOT_EXECUTABLE);
      });
      child.once('exit', (code, signal) => {
        this.signal ??= signal ?? undefined;
        resolve(code ?? BY_SIGNAL + (signal === null ? 0 : constants.signals[signal]));
      });
    });
  }
}
