import { setImmediate as nextTurn } from 'node:timers/promises';

import type { SqliteContext } from '../context.js';

import { PAGE_SIZE } from '../../listing/batches.js';
import { globMatcher, literalHead } from '../../listing/glob.js';
import { now } from '../../sql/expiry.js';
import { keysUnder } from '../keys.js';
import { type RowKey, rowsWithKeys, shortKey } from './row-keys.js';

type KeyRow = readonly [storedKey: RowKey];

/** Keys of live entries, without the prefix, in the order of the primary key. */
export async function* entryKeys(context: SqliteContext, pattern = '*'): AsyncGenerator<string> {
  const matches = globMatcher(pattern);
  let page: readonly KeyRow[] = [];
  do {
    page = nextPage(context, context.prefix + literalHead(pattern), page.at(-1)?.[0]);
    for (const [storedKey] of page) {
      const key = shortKey(storedKey, context.prefix);
      if (matches(key)) yield key;
    }

    // Lets a signal arrive while nothing matches.
    await nextTurn();
  } while (page.length === PAGE_SIZE);
}

/** No transaction stays open between pages. */
function nextPage({ connection, tables }: SqliteContext, prefix: string, after: RowKey | undefined): readonly KeyRow[] {
  const range = keysUnder(prefix, { after });
  return connection.run(() => {
    if (!tables.has('cache')) return [];
    const parameters = { ...range.parameters, at: now() };
    return rowsWithKeys((as) =>
      connection
        .statement<KeyRow>(
          // The plus keeps SQLite from taking the index on expiration and sorting the table for every page.
          `SELECT ${as('key')} AS storedKey FROM ${tables.cache} WHERE ${range.sql} AND +expiration > @at ORDER BY key LIMIT ${PAGE_SIZE}`,
        )
        .raw()
        .all(parameters),
    );
  });
}
