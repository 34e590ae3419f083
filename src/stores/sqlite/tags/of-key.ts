import type { SqliteContext } from '../context.js';

import { inTagOrder, tagHashOf } from '../../tags/names.js';
import { literalKeysUnder } from '../keys.js';
import { type RowKey, shortKey } from '../listing/row-keys.js';

const NO_TAGS: readonly string[] = [];

/** The tags that list an entry, in the best known order: the tag table does not keep it. Only within `run`. */
export function namesOf({ connection, tables, prefix }: SqliteContext, storedKey: RowKey): readonly string[] {
  const listedKey = shortKey(storedKey, prefix);
  const tagRows = tagHashOf(listedKey) === undefined ? undefined : tables.tagRows();
  if (tagRows === undefined) return NO_TAGS;
  const names = connection
    .statement<{ tag: Buffer }>(
      `SELECT CAST(tag AS BLOB) AS tag FROM ${tagRows}
       WHERE key = CAST(? AS TEXT) AND ${literalKeysUnder(prefix, '+tag')}`,
    )
    .all(storedKey)
    .map(({ tag }) => shortKey(tag, prefix));
  return inTagOrder(names, listedKey) ?? names;
}
