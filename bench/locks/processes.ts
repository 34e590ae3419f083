import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** Who waits for a lock: a program, with the store and the name of the lock as JSON. */
export type WaiterKind = 'cachectl' | 'flock' | 'laravel';

/** What a waiter is told. */
export interface WaiterTask {
  /** How often it waits, holds, lets go and rests. */
  readonly turns: number;
  /** So many in one process, each with a connection of its own; PHP knows one only. */
  readonly waiters: number;
  /** Where a lock is, as each kind needs it. */
  readonly redisPort?: number;
  readonly path?: string;
}

/** Starts one; it prints `ready`, and then lines `acquired NS` and `released NS` of the machine's monotonic clock. */
export function startWaiter(kind: WaiterKind, task: WaiterTask): ChildProcess {
  const [program, ...args] = PROGRAMS[kind];
  return spawn(program, [...args, JSON.stringify(task)], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Times in nanoseconds. */
export interface Turn {
  /** Which process had it. */
  readonly process: number;
  readonly acquired: bigint;
  readonly released: bigint;
}

/** Lets so many take turns, and gives every turn in its order. */
export async function takeTurns(kind: WaiterKind, processes: number, task: WaiterTask): Promise<Turn[]> {
  const waiters = Array.from({ length: processes }, () => startWaiter(kind, task));
  const outputs = await Promise.all(waiters.map(async (waiter) => text(waiter.stdout!)));
  return outputs
    .flatMap((output, process) => turnsOf(output, process))
    .sort((one, other) => (one.acquired < other.acquired ? -1 : 1));
}

/**
 * From each release to the acquisition by another process that had waited, in milliseconds, the shortest first. Who had the
 * lock last and takes it again had not.
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

/** Ends them at once. */
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
