import type { CountOptions } from '../../contract/listing.js';
import type { SqliteContext } from '../context.js';

import { counted } from '../../listing/counted.js';
import { isHeadOnly, literalHead } from '../../listing/glob.js';
import { now } from '../../sql/expiry.js';
import { keysUnder } from '../keys.js';
import { entryKeys } from './keys.js';

/** Count live entries. SQLite counts them if the pattern is only a literal head. */
export async function countEntries(
  context: SqliteContext,
  { signal, pattern = '*' }: CountOptions = {},
): Promise<number> {
  signal?.throwIfAborted();
  if (isHeadOnly(pattern)) return countUnder(context, context.prefix + literalHead(pattern));
  return counted(entryKeys(context, pattern), signal);
}

function countUnder({ connection, tables }: SqliteContext, head: string): number {
  const range = keysUnder(head);
  return connection.run(() => {
    if (!tables.has('cache')) return 0;
    const { entries } = connection
      .statement<{ entries: number }>(
        `SELECT count(*) AS entries FROM ${tables.cache} WHERE ${range.sql} AND expiration > @at`,
      )
      .get({ ...range.parameters, at: now() }) as { entries: number };
    return entries;
  });
}
