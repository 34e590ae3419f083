import type { ArrayContext } from './context.js';

import { globMatcher } from '../listing/glob.js';

/** Keys of entries, without the prefix, in the order in which they came. */
export async function* entryKeys({ memory, prefix }: ArrayContext, pattern: string): AsyncGenerator<string> {
  const matches = globMatcher(pattern);
  for (const storedKey of memory.keys(prefix)) {
    const key = storedKey.slice(prefix.length);
    if (matches(key)) yield key;
  }
}
