import type { ServerStats, StatsOptions, StoreStats } from '../contract/stats.js';
import type { SqlContext } from './context.js';

import { under } from './keys.js';
import { nextRange, type Range, ROWS } from './listing/ranges.js';
import { serverFacts } from './server-facts.js';
import { sql } from './statement.js';

/** The maximum number of rows to count, and with --watch: those of one statement. */
const MAX_COUNTED = 1_000_000;
const MAX_COUNTED_AGAIN = ROWS;

/** Report the server, and size and rows of the cache table. SQL servers count no hits of a cache. */
export async function stats(context: SqlContext, { signal, brief = false }: StatsOptions = {}): Promise<StoreStats> {
  signal?.throwIfAborted();
  const { dialect, entries, tables } = context;
  const { software, version } = await serverFacts(context);
  const server = { name: entries.location, software, version };
  if (!(await tables.has('cache'))) return { servers: [{ ...server, entries: 0 }], underPrefix: 0, notes: [] };
  const run: typeof entries.run = async (statement) => entries.run(statement);
  const { estimate, details, ...facts } = await dialect.stats(run, tables.nameOf('cache'));
  if (estimate > (brief ? MAX_COUNTED_AGAIN : MAX_COUNTED)) {
    const about: ServerStats = { ...server, ...facts, details: { estimatedRows: { value: estimate }, ...details } };
    return { servers: [about], notes: [`the table has about ${estimate} rows, which were not counted`] };
  }

  const { all, live, underPrefix } = await countRows(context, signal);
  const counted = { ...server, ...facts, entries: live, details: { expiredRows: { value: all - live }, ...details } };
  return { servers: [counted], underPrefix, notes: [] };
}

interface Rows {
  readonly all: number;
  readonly live: number;
  readonly underPrefix: number;
}

/** Read all rows once, range by range. */
async function countRows(context: SqlContext, signal: AbortSignal | undefined): Promise<Rows> {
  const { dialect, entries, prefix, tables } = context;
  const isLive = sql`expiration + 0 > ${dialect.now}`;
  const isUnder = sql`${isLive} AND ${under(dialect, dialect.key, prefix)}`;
  let sum: Rows = { all: 0, live: 0, underPrefix: 0 };
  let range: Range = { after: undefined, last: undefined };
  do {
    range = await nextRange(context, 'cache', { prefix: '', after: range.last, rows: ROWS });
    const { rows } = await entries.run<Record<'live' | 'mine' | 'total', number>>(
      sql`SELECT count(*) AS total, count(CASE WHEN ${isLive} THEN 1 END) AS live,
                 count(CASE WHEN ${isUnder} THEN 1 END) AS mine
          FROM ${tables.cache} WHERE ${under(dialect, dialect.key, '', range)}`,
    );
    const { total, live, mine } = rows[0]!;
    sum = { all: sum.all + total, live: sum.live + live, underPrefix: sum.underPrefix + mine };
    signal?.throwIfAborted();
  } while (range.last !== undefined);

  return sum;
}
