import type { RedisContext } from '../context.js';

import { globMatcher, literalHead } from '../../listing/glob.js';
import { isTagSetKey } from '../../tags/names.js';
import { scanAll } from '../keys.js';

/**
 * Yield the keys of entries and locks, without prefixes and tag sets. A key that appears twice within a page is yielded
 * once. Duplicates further apart cannot be detected in constant memory.
 */
export async function* entryKeys({ connection, keys }: RedisContext, pattern = '*'): AsyncGenerator<string> {
  const matches = globMatcher(pattern);
  // The server only filters by the literal start of the pattern: its globs match bytes, cachectl's match characters.
  for await (const page of scanAll(connection, keys, undefined, literalHead(pattern))) {
    const names = new Set(page.map((key) => keys.short(key)));
    for (const name of names) if (!isTagSetKey(name) && matches(name)) yield name;
  }
}
