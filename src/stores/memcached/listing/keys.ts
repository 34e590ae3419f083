import type { MemcachedContext } from '../context.js';

import { globMatcher } from '../../listing/glob.js';
import { isTagIdKey } from '../keys.js';
import { noListing } from '../protocol/access-errors.js';
import { dump } from './dump.js';

/**
 * Keys of entries and locks on all servers, without the prefix and without the bookkeeping of tags.
 * @throws UnsupportedError without meta commands
 */
export async function* entryKeys(context: MemcachedContext, pattern = '*'): AsyncGenerator<string> {
  const nodes = context.connection.metaNodes;
  if (nodes.length === 0) throw noListing('list keys', context.connection.protocol);
  const matches = globMatcher(pattern);
  for (const node of nodes) {
    for await (const page of dump(node, context)) {
      for (const { full } of page) {
        const name = context.keys.short(full);
        if (!isTagIdKey(name) && matches(name)) yield name;
      }
    }
  }
}
