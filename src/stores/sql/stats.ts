import type { ServerStats, StatsOptions, StoreStats } from '../contract/stats.js';
import type { SqlContext } from './context.js';

import { countWhere } from './listing/counting.js';
import { serverFacts } from './server-facts.js';
import { sql, TRUE } from './statement.js';

/** The maximum number of rows to count. Beyond it, use the server's estimate. */
const MAX_COUNTED = 1_000_000;

/** Report the server's version, and size and rows of the cache table. SQL servers count no hits of a cache. */
export async function stats(context: SqlContext, { signal }: StatsOptions = {}): Promise<StoreStats> {
  signal?.throwIfAborted();
  const { dialect, entries, tables, prefix } = context;
  const { software, version } = await serverFacts(context);
  const server = { name: entries.location, software, version };
  if (!(await tables.has('cache'))) return { servers: [{ ...server, entries: 0 }], underPrefix: 0, notes: [] };
  const { rows } = await entries.run<TableSize>(dialect.sizeOf(tables.nameOf('cache')));
  const { estimate, bytes } = rows[0] ?? { estimate: 0, bytes: 0 };
  const isLive = sql`expiration + 0 > ${dialect.now}`;
  if (estimate > MAX_COUNTED) {
    const about: ServerStats = { ...server, bytes, details: { estimatedRows: { value: estimate } } };
    return { servers: [about], notes: [`the table has about ${estimate} rows, which were not counted`] };
  }

  const all = await countWhere(context, 'cache', { prefix: '', where: TRUE, signal });
  const live = await countWhere(context, 'cache', { prefix: '', where: isLive, signal });
  const underPrefix = prefix === '' ? live : await countWhere(context, 'cache', { prefix, where: isLive, signal });
  const details = { expiredRows: { value: Math.max(0, all - live) } };
  return { servers: [{ ...server, entries: live, bytes, details }], underPrefix, notes: [] };
}

interface TableSize {
  readonly estimate: number;
  readonly bytes: number;
}
