import type { Run } from '../sql/connection.js';
import type { Dialect } from '../sql/dialect.js';
import type { TaggedRows } from '../sql/tags/tagged-rows.js';

import { sql } from '../sql/statement.js';

/** By key: with a join on the tag table, the planner may read whole tables. */
export async function removeTagged(dialect: Dialect, run: Run, { cache, tags, keys }: TaggedRows): Promise<number> {
  const areThese = dialect.isOneOf(dialect.key, keys);
  const isLive = sql`expiration + 0 > ${dialect.now}`;
  const { count } = await run(sql`DELETE FROM ${cache} WHERE ${areThese} AND ${isLive}`);
  if (count < keys.length) await run(sql`DELETE FROM ${cache} WHERE ${areThese}`);
  // Remove the keys from their other tags too, which would otherwise list missing entries.
  await run(sql`DELETE FROM ${tags} WHERE ${areThese}`);
  return count;
}
