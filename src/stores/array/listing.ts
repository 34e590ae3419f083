import type { EntryPages, ListedEntry, ListEntriesOptions } from '../contract/listing.js';
import type { ArrayContext } from './context.js';

import { globMatcher } from '../listing/glob.js';
import { isScheduleMutex } from '../locks/names.js';
import { inTagOrder } from '../tags/names.js';
import { entryOf } from './entries.js';
import { ttlOf } from './memory.js';

/** Entries of one page. */
const PAGE = 1000;

/** In the order in which they came. */
export async function* listEntries(context: ArrayContext, options: ListEntriesOptions = {}): EntryPages {
  const { memory, prefix } = context;
  const matches = globMatcher(options.pattern ?? '*');
  options.signal?.throwIfAborted();
  const keys = memory.keys(prefix);
  for (let start = 0; start < keys.length; start += PAGE) {
    options.signal?.throwIfAborted();
    const page = keys.slice(start, start + PAGE).map((storedKey) => storedKey.slice(prefix.length));
    yield page.filter((key) => matches(key)).flatMap((key) => listed(context, key, options));
  }
}

function listed(
  { memory, codec, prefix }: ArrayContext,
  key: string,
  { contents, tags }: ListEntriesOptions,
): ListedEntry[] {
  const cell = memory.live(prefix + key);
  // Gone while the ones before were read.
  if (cell === undefined) return [];
  const names = tags ? memory.tagsOf(prefix + key).map((tag) => tag.slice(prefix.length)) : [];
  return [
    {
      key,
      size: cell.stored.length,
      ttl: ttlOf(cell),
      ...(isScheduleMutex(key) && { lock: 'family' }),
      ...(tags && { tags: inTagOrder(names, key) ?? names }),
      ...(contents && { reading: entryOf(cell, codec) }),
    },
  ];
}
