import type { RedisContext } from './context.js';

import { isUnavailable } from './errors.js';

/** Unix time in milliseconds, from the first primary of a cluster; from the local clock if TIME is refused. */
export async function serverTime({ connection }: RedisContext): Promise<number> {
  const [node] = await connection.nodes();
  try {
    const [seconds, microseconds] = (await node!.call('TIME')) as readonly Buffer[];
    return Number(String(seconds)) * 1000 + Math.floor(Number(String(microseconds)) / 1000);
  } catch (error) {
    if (isUnavailable(error)) return Date.now();
    throw error;
  }
}
