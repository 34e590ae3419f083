import type { RedisContext } from '../context.js';

import { globMatcher, literalHead } from '../../listing/glob.js';
import { isTagSetKey } from '../../tags/names.js';
import { scanAll } from '../keys.js';

/**
 * Keys of entries and locks, without prefixes and without the bookkeeping of tags. A key that comes twice within a page is
 * given once; further apart, duplicates cannot be told in constant memory.
 */
export async function* entryKeys({ connection, keys }: RedisContext, pattern = '*'): AsyncGenerator<string> {
  const matches = globMatcher(pattern);
  // The server filters by the literal head of the pattern only: its globs match bytes, ours match characters.
  for await (const page of scanAll(connection, keys, undefined, literalHead(pattern))) {
    const names = new Set(page.map((key) => keys.short(key)));
    for (const name of names) if (!isTagSetKey(name) && matches(name)) yield name;
  }
}
