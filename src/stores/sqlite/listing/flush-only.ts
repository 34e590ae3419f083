import type { EntryFilter, FlushOnlyOptions, FlushOnlyResult } from '../../contract/flush.js';
import type { ListedEntry } from '../../contract/listing.js';
import type { SqliteContext } from '../context.js';

import { flushMatching, refuseIdleFor } from '../../listing/entry-filter.js';
import { now } from '../../sql/expiry.js';
import { SIZE } from '../schema.js';
import { listEntries } from './entries.js';
import { bound } from './row-keys.js';

/** Remove the entries that match, a page per transaction. Opens no write transaction if nothing matches. */
export async function flushOnly(
  context: SqliteContext,
  only: EntryFilter,
  options: FlushOnlyOptions,
): Promise<FlushOnlyResult> {
  refuseIdleFor('sqlite', only);
  const { pattern = '*' } = only;
  const { signal } = options;
  signal?.throwIfAborted();
  const pages = listEntries(context, { pattern, ...(signal && { signal }) });
  return flushMatching(pages, only, options, (entries) => removed(context, entries, only));
}

/** Remove the entries that still match. */
function removed(
  context: SqliteContext,
  entries: readonly ListedEntry[],
  { largerThan = -1 }: EntryFilter,
): FlushOnlyResult {
  const { connection, tables, prefix } = context;
  return connection.write(() => {
    const at = now();
    let [rows, bytes] = [0, 0];
    for (const { key } of entries) {
      const rowKey = bound(prefix + key);
      const row = connection
        .statement<{ size: number }>(
          `DELETE FROM ${tables.cache} WHERE key = CAST(? AS TEXT) AND ${SIZE} > ? AND expiration > ?
           RETURNING ${SIZE} AS size`,
        )
        .get(rowKey, largerThan, at);
      if (row === undefined) continue;
      rows++;
      bytes += row.size;
      if (!tables.has('tags')) continue;
      connection.statement(`DELETE FROM ${tables.tags} WHERE key = CAST(? AS TEXT)`).run(rowKey);
    }

    return { removed: rows, keptLocks: 0, bytes };
  });
}
