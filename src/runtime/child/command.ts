import { type ChildProcess, spawn, type SpawnOptions, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { Readable } from 'node:stream';

import type { ProcessRow } from './process-table.js';

import { UsageError } from '../../errors.js';
import { callersEnvironment } from '../environment.js';
import { GroupProbe } from './group-probe.js';
import { JobGuard } from './guard.js';
import { ignoredSignals } from './ignored-signals.js';
import { type Job, SessionJob, TerminalJob, whatIsLeft } from './job.js';
import { ENDING_SIGNALS, FATAL_SIGNALS } from './signals.js';
import { openPipe } from './system-pipe.js';

/** As the shells have it. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;
const BY_SIGNAL = 128;

/** In milliseconds: how long processes that got KILL are waited for. */
const KILLED_MS = 5000;

/** In milliseconds: processes that end just after the command (of a pipeline, say) are not left behind. */
const SETTLED_MS = 1000;

/** From TERM to KILL, in seconds. */
const GRACE = 10;

/** A program and its arguments. */
export type CommandLine = readonly [string, ...string[]];

/** @throws UsageError when there is no program, with `hint` */
export function commandLine([program, ...args]: readonly string[], hint: string): CommandLine {
  if (program === undefined) throw new UsageError('no command to run', hint);
  if (program !== '') return [program, ...args];
  throw new UsageError('the command is empty', 'A variable may be unset. To catch that, quote it as "${COMMAND:?}"');
}

export interface ChildOptions {
  /** Beside the caller's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** It has no standard input, and its output is for us (`stdout`). */
  readonly isCaptured?: boolean;
  /** How long processes that got TERM have until they get KILL, in seconds. */
  readonly grace?: number;
  /** Whether it goes on when we are killed. */
  readonly outlivesUs?: boolean;
}

/**
 * A command of the user's and all processes that it starts: its job. The command has our standard input, output and error,
 * and the job gets the signals that we get, except those that were ignored when we started, which it ignores, too.
 *
 * Where there is a terminal the command shares our process group, so that Ctrl-C and Ctrl-Z reach it as they would from a
 * shell. Elsewhere it has a session of its own, by which all of its processes are known.
 */
export class ChildCommand {
  /**
   * The command's exit code; 128 and the signal's number when a signal ended it; 127 or 126 when it could not be started.
   * Where a signal or `stop` ended the command, it resolves when no process of the job is left, or none that KILL could end.
   */
  readonly exitCode: Promise<number>;
  /** Resolves when the command itself has ended. */
  readonly ended: Promise<unknown>;
  /** Why it could not be started. */
  failure: Error | undefined;
  /** A signal to end that we got while it ran, or that ended it: what it did may be cut short. */
  signal: NodeJS.Signals | undefined;
  readonly #child: ChildProcess | undefined;
  readonly #output: Readable;
  readonly #grace: number;
  #job: Job | undefined;
  #probe: GroupProbe | undefined;
  #guard: JobGuard | undefined;
  readonly #received = new Set<NodeJS.Signals>();
  #stopping: NodeJS.Timeout | undefined;
  /** By performance.now(). */
  #killedAt: number | undefined;

  constructor(command: CommandLine, options: ChildOptions = {}) {
    const { env, isCaptured = false, grace = GRACE, outlivesUs = false } = options;
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
    // Ours would keep the output from ever ending.
    if (pipe !== undefined) closeSync(pipe.writeEnd);
    this.#output = pipe?.output ?? this.#child?.stdout ?? Readable.from([]);
    const main = this.#mainEnd();
    this.ended = main;
    this.#know(detached, outlivesUs);
    this.exitCode = main
      .then(async (code) => this.#jobEnd(code))
      .finally(() => {
        clearTimeout(this.#stopping);
        this.#guard?.stop();
        this.#probe?.stop();
        for (const signal of handled) process.off(signal, this.#onSignal);
      });
  }

  /** Of a command that is captured. */
  get stdout(): Readable {
    return this.#output;
  }

  /** TERM to the whole job, and KILL after the grace. */
  stop(): void {
    this.#job?.signal('SIGTERM');
    this.#killAfterGrace();
  }

  /** Processes of the job that go on although the command has ended. */
  async leftBehind(): Promise<readonly ProcessRow[]> {
    if (this.#job === undefined) return [];
    const settled = performance.now() + SETTLED_MS;
    return whatIsLeft(this.#job, () => performance.now() > settled);
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    if (ENDING_SIGNALS.has(signal)) this.signal = signal;
    this.#received.add(signal);
    if (signal === 'SIGTERM') this.#killAfterGrace();
    this.#handOn(signal);
  };

  async #handOn(signal: NodeJS.Signals): Promise<void> {
    if (!(await this.#probe?.sawToo(signal))) this.#job?.signal(signal);
  }

  #killAfterGrace(): void {
    this.#stopping ??= setTimeout(() => {
      this.#killedAt = performance.now();
      this.#job?.signal('SIGKILL');
    }, this.#grace * 1000);
  }

  #know(isApart: boolean, outlivesUs: boolean): void {
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

  /** Of some reasons not to start a program (`ENOTDIR`) Node tells at once, of others (`ENOENT`) by an event. */
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
      return (error as NodeJS.ErrnoException).code === 'ENOENT' ? NOT_FOUND : NOT_EXECUTABLE;
    }
  }

  /** What the command left running when it was ended is ended, too. */
  async #jobEnd(code: number): Promise<number> {
    const job = this.#job;
    const isBySignal = code !== 0 && this.signal !== undefined && this.#received.has(this.signal);
    if (job === undefined || (this.#stopping === undefined && !isBySignal)) return code;
    if (job.members().length > 0) this.stop();
    await whatIsLeft(job, () => {
      // Processes that came up meanwhile.
      if (this.#killedAt !== undefined) job.signal('SIGKILL');
      return this.#killedAt !== undefined && performance.now() > this.#killedAt + KILLED_MS;
    });
    return code;
  }
}

/** Whether this process has a controlling terminal, whatever its standard input is. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

/** Node has every child begin with the defaults. */
function ignoring(ignored: ReadonlySet<NodeJS.Signals>, command: CommandLine): CommandLine {
  if (ignored.size === 0) return command;
  const names = [...ignored].map((signal) => signal.slice('SIG'.length));
  return ['/bin/sh', '-c', `trap '' ${names.join(' ')}; exec "$@"`, 'sh', ...command];
}
