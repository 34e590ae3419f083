import type { EntryFilter, FlushOnlyOptions, FlushOnlyResult } from '../../contract/flush.js';
import type { ListedEntry } from '../../contract/listing.js';
import type { SqlContext } from '../context.js';

import { keyToBytes } from '../../entries/key-text.js';
import { flushMatching, refuseIdleFor } from '../../listing/entry-filter.js';
import { tagHashOf } from '../../tags/names.js';
import { sql } from '../statement.js';
import { listEntries } from './entries.js';

/** Remove matching entries, one page per transaction. */
export async function flushOnly(
  context: SqlContext,
  only: EntryFilter,
  options: FlushOnlyOptions,
): Promise<FlushOnlyResult> {
  refuseIdleFor(context.dialect.driver, only);
  const { pattern = '*' } = only;
  const { signal } = options;
  signal?.throwIfAborted();
  const pages = listEntries(context, { pattern, ...(signal && { signal }) });
  return flushMatching(pages, only, options, async (entries) => removed(context, entries, only));
}

/** Remove the entries that still match. */
async function removed(
  { dialect, entries: connection, tables, prefix }: SqlContext,
  entries: readonly ListedEntry[],
  { largerThan = -1 }: EntryFilter,
): Promise<FlushOnlyResult> {
  const hasTags = entries.some(({ key }) => tagHashOf(key) !== undefined) && (await tables.has('tags'));
  const keys = entries.map(({ key }) => keyToBytes(prefix + key));
  return connection.transaction(async (run) => {
    const { rows } = await run<{ key: Buffer; size: number }>(
      sql`SELECT ${dialect.key}, OCTET_LENGTH(value) AS size FROM ${tables.cache} WHERE ${dialect.isOneOf(dialect.key, keys)}
          AND OCTET_LENGTH(value) > ${largerThan} AND expiration + 0 > ${dialect.now} FOR UPDATE`,
    );
    if (rows.length > 0) {
      const areMeant = dialect.isOneOf(
        dialect.key,
        rows.map(({ key }) => key),
      );
      if (hasTags) await run(sql`DELETE FROM ${tables.tags} WHERE ${areMeant}`);
      await run(sql`DELETE FROM ${tables.cache} WHERE ${areMeant}`);
    }

    return { removed: rows.length, keptLocks: 0, bytes: rows.reduce((sum, { size }) => sum + size, 0) };
  });
}
