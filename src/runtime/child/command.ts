import { type ChildProcess, spawn, type SpawnOptions, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { Readable } from 'node:stream';

import type { ProcessRow } from './process-table.js';

import { UsageError } from '../../errors.js';
import { systemCode, systemReason } from '../../system-errors.js';
import { callersEnvironment } from '../environment.js';
import { GroupProbe } from './group-probe.js';
import { JobGuard } from './guard.js';
import { ignoredSignals } from './ignored-signals.js';
import { type Job, SessionJob, TerminalJob, whatIsLeft } from './job.js';
import { ENDING_SIGNALS, FATAL_SIGNALS } from './signals.js';
import { openPipe } from './system-pipe.js';

/** Exit codes as in shells. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;
const BY_SIGNAL = 128;

/** How long to wait for processes after KILL, in milliseconds. */
const KILLED_MS = 5000;

/**
 * Processes that end within this time after the command, such as those of a pipeline, were not left behind. In
 * milliseconds.
 */
const SETTLED_MS = 1000;

/** The time between TERM and KILL, in seconds. */
const GRACE = 10;

/** A program and its arguments. */
export type CommandLine = readonly [string, ...string[]];

/** @throws UsageError with `hint` if there is no program, or for bytes that Node could not decode */
export function commandLine([program, ...args]: readonly string[], hint: string): CommandLine {
  if (program === undefined) throw new UsageError('no command to run', hint);
  if ([program, ...args].some((word) => word.includes('\uFFFD'))) {
    throw new UsageError(
      'the command contains U+FFFD, which replaces bytes that are not UTF-8',
      'Put the command line into a script, and run the script.',
    );
  }

  if (program !== '') return [program, ...args];
  throw new UsageError('the command is empty', 'A variable may be unset. To catch that, quote it as "${COMMAND:?}"');
}

export interface ChildOptions {
  /** Added to the caller's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** No standard input, and standard output is read here (`stdout`). */
  readonly isCaptured?: boolean;
  /** The time between TERM and KILL, in seconds. */
  readonly grace?: number;
  /** Whether it keeps running if cachectl is killed. */
  readonly outlivesUs?: boolean;
}

/**
 * A user's command and all processes that it starts: its job. The command inherits standard input, output and error.
 * The job receives the signals that cachectl receives, except those that were ignored at start-up, which the job
 * ignores, too.
 *
 * With a terminal, the command shares the process group of cachectl, so that Ctrl-C and Ctrl-Z reach it as in a shell.
 * Without one, it has its own session, which identifies its processes.
 */
export class ChildCommand {
  /**
   * The command's exit code; 128 plus the signal number if a signal ended it; 127 or 126 if it could not be started. If
   * a signal or `stop` ended it, this resolves once the job has no processes left, apart from any that survive KILL.
   */
  readonly exitCode: Promise<number>;
  /** Resolves once the command itself has ended. */
  readonly ended: Promise<unknown>;
  /** Why it could not be started. */
  failure: Error | undefined;
  readonly #name: string;
  /** A terminating signal that arrived while it ran, or that ended it. Its work may be incomplete. */
  signal: NodeJS.Signals | undefined;
  readonly #child: ChildProcess | undefined;
  readonly #output: Readable;
  readonly #grace: number;
  #job: Job | undefined;
  #probe: GroupProbe | undefined;
  #guard: JobGuard | undefined;
  readonly #received = new Set<NodeJS.Signals>();
  #stopping: NodeJS.Timeout | undefined;
  /** As performance.now(). */
  #killedAt: number | undefined;

  constructor(command: CommandLine, options: ChildOptions = {}) {
    const { env, isCaptured = false, grace = GRACE, outlivesUs = false } = options;
    [this.#name] = command;
    this.#grace = grace;
    const ignored = ignoredSignals();
    const handled = FATAL_SIGNALS.filter((signal) => !ignored.has(signal));
    for (const signal of handled) process.on(signal, this.#onSignal);
    const pipe = isCaptured ? openPipe() : undefined;
    const stdio: StdioOptions = isCaptured ? ['ignore', pipe?.writeEnd ?? 'pipe', 'inherit'] : 'inherit';
    const detached = !hasTerminal();
    this.#child = this.#spawned(ignoring(ignored, command), {
      stdio,
      detached,
      env: { ...callersEnvironment(), ...env },
    });
    // Otherwise the output would never end.
    if (pipe !== undefined) closeSync(pipe.writeEnd);
    this.#output = pipe?.output ?? this.#child?.stdout ?? Readable.from([]);
    const main = this.#mainEnd();
    this.ended = main;
    this.#track(detached, outlivesUs);
    this.exitCode = main
      .then(async (code) => this.#jobEnd(code))
      .finally(() => {
        clearTimeout(this.#stopping);
        this.#guard?.stop();
        this.#probe?.stop();
        for (const signal of handled) process.off(signal, this.#onSignal);
      });
  }

  /** The output of a captured command. */
  get stdout(): Readable {
    return this.#output;
  }

  /** A message if it could not be started. */
  get notStarted(): string | undefined {
    if (this.failure === undefined) return undefined;
    const isMissing = systemCode(this.failure) === 'ENOENT' && !this.#name.includes('/');
    const reason = isMissing ? 'command not found' : systemReason(this.failure);
    return `the command could not be started: ${this.#name}: ${reason}`;
  }

  /** Send TERM to the whole job, and KILL after the grace period. */
  stop(): void {
    this.#job?.signal('SIGTERM');
    this.#killAfterGrace();
  }

  /** Processes of the job that keep running after the command has ended. */
  async leftBehind(): Promise<readonly ProcessRow[]> {
    if (this.#job === undefined) return [];
    const settled = performance.now() + SETTLED_MS;
    return whatIsLeft(this.#job, () => performance.now() > settled);
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    if (ENDING_SIGNALS.has(signal)) this.signal = signal;
    this.#received.add(signal);
    if (signal === 'SIGTERM') this.#killAfterGrace();
    this.#forward(signal);
  };

  async #forward(signal: NodeJS.Signals): Promise<void> {
    if (!(await this.#probe?.sawToo(signal))) this.#job?.signal(signal);
  }

  #killAfterGrace(): void {
    this.#stopping ??= setTimeout(() => {
      this.#killedAt = performance.now();
      this.#job?.signal('SIGKILL');
    }, this.#grace * 1000);
  }

  #track(isApart: boolean, outlivesUs: boolean): void {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    if (isApart) {
      this.#job = new SessionJob(pid);
      if (!outlivesUs) this.#guard = new JobGuard(pid, this.#grace);
    } else {
      this.#probe = new GroupProbe();
      this.#job = new TerminalJob(this.#probe.pids);
    }
  }

  /** Node throws some spawn errors (`ENOTDIR`) and emits others (`ENOENT`) as events. */
  #spawned([command, ...args]: CommandLine, options: SpawnOptions): ChildProcess | undefined {
    try {
      return spawn(command, args, options);
    } catch (error) {
      this.failure = error as Error;
      return undefined;
    }
  }

  async #mainEnd(): Promise<number> {
    const child = this.#child;
    if (child === undefined) return NOT_EXECUTABLE;
    try {
      const [code, signal] = (await once(child, 'exit')) as [null | number, NodeJS.Signals | null];
      this.signal ??= signal ?? undefined;
      return code ?? BY_SIGNAL + (signal === null ? 0 : constants.signals[signal]);
    } catch (error) {
      this.failure = error as Error;
      return systemCode(error) === 'ENOENT' ? NOT_FOUND : NOT_EXECUTABLE;
    }
  }

  /** If a signal ended the command, end the processes that it left running, too. */
  async #jobEnd(code: number): Promise<number> {
    const job = this.#job;
    const isBySignal = code !== 0 && this.signal !== undefined && this.#received.has(this.signal);
    if (job === undefined || (this.#stopping === undefined && !isBySignal)) return code;
    if (job.members().length > 0) this.stop();
    await whatIsLeft(job, () => {
      // Processes that started in the meantime.
      if (this.#killedAt !== undefined) job.signal('SIGKILL');
      return this.#killedAt !== undefined && performance.now() > this.#killedAt + KILLED_MS;
    });
    return code;
  }
}

/** Whether this process has a controlling terminal, regardless of standard input. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

/** Node resets signals to their defaults in children, so a shell ignores them again. */
function ignoring(ignored: ReadonlySet<NodeJS.Signals>, command: CommandLine): CommandLine {
  if (ignored.size === 0) return command;
  const names = [...ignored].map((signal) => signal.slice('SIG'.length));
  return ['/bin/sh', '-c', `trap '' ${names.join(' ')}; exec "$@"`, 'sh', ...command];
}
