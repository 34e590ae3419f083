import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import type { SqlConnection } from '../../src/profiles/profile.js';

/** A waiter: a program that gets the store and the lock's name as JSON. */
export type WaiterKind = 'cachectl' | 'flock' | 'laravel';

/** The task of a waiter. */
export interface WaiterTask {
  /** How often it waits, holds, releases and rests. */
  readonly turns: number;
  /** Waiters in one process, each with its own connection. PHP has only one. */
  readonly waiters: number;
  /** Where the lock is, for each kind. */
  readonly redisPort?: number;
  readonly path?: string;
  readonly database?: { readonly driver: 'mysql' | 'postgres'; readonly connection: SqlConnection };
}

/** Start a waiter. It prints `ready`, then lines `acquired NS` and `released NS` of the machine's monotonic clock. */
export function startWaiter(kind: WaiterKind, task: WaiterTask): ChildProcess {
  const [program, ...args] = PROGRAMS[kind];
  return spawn(program, [...args, JSON.stringify(task)], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Times in nanoseconds. */
export interface Turn {
  /** The process that held the lock. */
  readonly process: number;
  readonly acquired: bigint;
  readonly released: bigint;
}

/** Let that many processes take turns, and return all turns in order. */
export async function takeTurns(kind: WaiterKind, processes: number, task: WaiterTask): Promise<Turn[]> {
  const waiters = Array.from({ length: processes }, () => startWaiter(kind, task));
  const outputs = await Promise.all(waiters.map(async (waiter) => text(waiter.stdout!)));
  return outputs
    .flatMap((output, process) => turnsOf(output, process))
    .sort((one, other) => (one.acquired < other.acquired ? -1 : 1));
}

/**
 * From each release to the acquisition by another, waiting process, in milliseconds, ascending. A process that
 * acquires the lock again has not waited.
 */
export function handovers(turns: readonly Turn[]): number[] {
  return turns
    .slice(1)
    .map((turn, index) => ({ turn, before: turns[index]! }))
    .filter(({ turn, before }) => turn.process !== before.process)
    .map(({ turn, before }) => Number(turn.acquired - before.released) / 1e6)
    .sort((one, other) => one - other);
}

export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

/** Kill them all at once. */
export async function endAll(waiters: readonly ChildProcess[]): Promise<void> {
  await Promise.all(
    waiters.map(async (waiter) => {
      if (waiter.exitCode !== null || waiter.signalCode !== null) return;
      const exit = once(waiter, 'exit');
      waiter.kill('SIGKILL');
      await exit;
    }),
  );
}

function here(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}

const PROGRAMS: Readonly<Record<WaiterKind, readonly [string, ...string[]]>> = {
  cachectl: [process.execPath, '--import', 'tsx/esm', here('waiter.ts')],
  flock: ['php', here('waiter.php'), 'flock'],
  laravel: ['php', here('waiter.php'), 'laravel'],
};

function turnsOf(output: string, process: number): Turn[] {
  const times = [...output.matchAll(/^(?:acquired|released) (\d+)$/gm)].map(([, time]) => BigInt(time!));
  return times.flatMap((acquired, index) =>
    index % 2 === 0 ? [{ process, acquired, released: times[index + 1]! }] : [],
  );
}
