import type { SqlContext } from '../context.js';

import { PAGE_SIZE } from '../../listing/batches.js';
import { globMatcher, literalHead } from '../../listing/glob.js';
import { under } from '../keys.js';
import { sql } from '../statement.js';
import { shortText } from '../text.js';

/** Keys of entries that count, without the prefix, in the order of the primary key. No transaction stays open. */
export async function* entryKeys(context: SqlContext, pattern = '*'): AsyncGenerator<string> {
  const { dialect, entries, tables, prefix } = context;
  const { key, now } = dialect;
  const matches = globMatcher(pattern);
  let rows: ReadonlyArray<{ readonly key: Buffer }> = [];
  do {
    const range = under(dialect, key, prefix + literalHead(pattern), { after: rows.at(-1)?.key });
    ({ rows } = await entries.page<{ key: Buffer }>(
      // Adding 0 disables the index on expiration. With it, the server would sort the table for every page.
      sql`SELECT ${key} FROM ${tables.cache} WHERE ${range} AND expiration + 0 > ${now} ORDER BY ${key} LIMIT ${PAGE_SIZE}`,
    ));
    for (const row of rows) {
      const short = shortText(row.key, prefix);
      if (matches(short)) yield short;
    }
  } while (rows.length === PAGE_SIZE);
}
