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
 * What lies under the prefix, a page of a scan at a time. Looking counts as using on servers before 7.2: since when nobody
 * used an entry is asked first, and then its value is not looked at, unless for its contents; its size is then what it
 * takes in memory, and a lock is recognized by its name alone.
 */
export async function* listEntries(context: RedisContext, options: ListEntriesOptions = {}): EntryPages {
  options.signal?.throwIfAborted();
  yield* withoutTouching(context.connection, (isUntouched) => {
    const listed = pages(context, options, isUntouched);
    // While their reader is at one, the server is at the next.
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
    const some = contents ? read.of(wanted) : [await look.at(wanted)];
    for await (const listed of some) {
      signal?.throwIfAborted();
      if (listed.length > 0) yield resolver ? await withTags(resolver, listed) : listed;
    }

    if (place !== undefined) yield pageAt([], place);
  }
}

async function withTags(resolver: TagResolver, listed: readonly ListedEntry[]): Promise<readonly ListedEntry[]> {
  const tags = await resolver.ofListed(listed.map(({ key }) => key));
  // To spread each into another object would take longer than the rest.
  return listed.map((entry, index) => Object.assign(entry, { tags: tags[index]! }));
}
