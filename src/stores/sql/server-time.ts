import type { SqlContext } from './context.js';

import { sql } from './statement.js';

/** The server's Unix time, in milliseconds. */
export async function serverTime({ dialect, locks }: SqlContext): Promise<number> {
  const { rows } = await locks.run<{ at: number }>(sql`SELECT ${dialect.nowMs} AS at`);
  return rows[0]!.at;
}
