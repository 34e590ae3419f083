import type { MemcachedContext } from './context.js';

/** How far a server's second may be from its own time, in milliseconds: it counts them by a timer, which may be late. */
const SLACK_MS = 2000;

/**
 * Unix time in milliseconds, of the first server of a pool. It tells whole seconds: a local clock that agrees with it is
 * finer. Of one that does not, only the milliseconds are taken, behind all that a clock that agrees may say at that time.
 */
export async function serverTime({ connection: { nodes } }: MemcachedContext): Promise<number> {
  const second = Number((await nodes[0]!.stats('')).get('time')) * 1000;
  const now = Date.now();
  if (!Number.isFinite(second) || Math.abs(now - second) < SLACK_MS) return now;
  return second + SLACK_MS + (now % 1000);
}
