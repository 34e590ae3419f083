import type { MemcachedContext } from './context.js';

/** How far the server's `time` may lag, in milliseconds: a timer updates it, which may be late. */
const SLACK_MS = 2000;

/**
 * Unix time in milliseconds, of the first server of a pool. The server reports whole seconds, so the local clock is
 * used if it agrees. Otherwise the result is the server's second plus the slack and the local milliseconds, so that it
 * is never earlier than an agreeing clock.
 */
export async function serverTime({ connection: { nodes } }: MemcachedContext): Promise<number> {
  const second = Number((await nodes[0]!.stats('')).get('time')) * 1000;
  const now = Date.now();
  if (!Number.isFinite(second) || Math.abs(now - second) < SLACK_MS) return now;
  return second + SLACK_MS + (now % 1000);
}
