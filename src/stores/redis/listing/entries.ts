import type { EntryPage, EntryPages, ListedEntry, ListEntriesOptions } from '../../contract/listing.js';
import type { RedisContext } from '../context.js';

import { pageAt } from '../../contract/listing.js';
import { globMatcher } from '../../listing/glob.js';
import { prefetch } from '../../listing/prefetch.js';
import { isTagSetKey } from '../../tags/names.js';
import { TagResolver } from '../tags/resolver.js';
import { Contents } from './contents.js';
import { scanWithPlaces } from './cursors.js';
import { Look } from './look.js';
import { withoutTouching } from './no-touch.js';

/**
 * List the entries under the prefix, page by page. Before Redis 7.2 every look at a value counts as a use. So if idle
 * times are requested, they are read first, and values only if contents are requested. Otherwise the size is the memory
 * size, and locks are recognized by name only.
 */
export async function* listEntries(context: RedisContext, options: ListEntriesOptions = {}): EntryPages {
  options.signal?.throwIfAborted();
  yield* withoutTouching(context.connection, (isUntouched) => {
    const listed = pages(context, options, isUntouched);
    // Fetch the next page while the reader handles this one.
    return options.contents ? prefetch(listed) : listed;
  });
}

async function* pages(
  context: RedisContext,
  options: ListEntriesOptions,
  isUntouched: boolean,
): AsyncGenerator<EntryPage> {
  const { signal, pattern = '*', contents, tags } = options;
  const matches = globMatcher(pattern);
  const look = new Look(context, { idle: options.idle === true, values: isUntouched || !options.idle });
  const resolver = tags ? new TagResolver(context, signal) : undefined;
  const read = new Contents(context, look, { idle: options.idle === true });
  for await (const { page: found, place } of scanWithPlaces(context, options)) {
    const names = [...new Set(found.map((full) => context.keys.short(full)))];
    const wanted = names.filter((name) => !isTagSetKey(name) && matches(name));
    const some: AsyncIterable<EntryPage> | readonly EntryPage[] = contents ? read.of(wanted) : [await look.at(wanted)];
    for await (const listed of some) {
      signal?.throwIfAborted();
      if (resolver) await addTags(resolver, listed);
      if (listed.length > 0) yield listed;
    }

    if (place !== undefined) yield pageAt([], place);
  }
}

async function addTags(resolver: TagResolver, listed: readonly ListedEntry[]): Promise<void> {
  const tags = await resolver.ofListed(listed.map(({ key }) => key));
  // Faster than spreading each entry into a new object.
  for (const [index, entry] of listed.entries()) Object.assign(entry, { tags: tags[index]! });
}
