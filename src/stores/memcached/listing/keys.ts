import type { MemcachedContext } from '../context.js';

import { globMatcher } from '../../listing/glob.js';
import { isTagIdKey } from '../keys.js';
import { dump } from './dump.js';

/** Keys of entries and locks on all servers, without the prefix and without the bookkeeping of tags. */
export async function* entryKeys(context: MemcachedContext, pattern = '*'): AsyncGenerator<string> {
  const matches = globMatcher(pattern);
  for (const node of context.connection.metaNodes) {
    for await (const page of dump(node, context)) {
      for (const { full } of page) {
        const name = context.keys.short(full);
        if (!isTagIdKey(name) && matches(name)) yield name;
      }
    }
  }
}
