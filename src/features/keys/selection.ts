import type { Interruption } from '../../runtime/interrupt.js';
import type { EntryPages, ListedEntry, ListEntriesOptions } from '../../stores/contract/listing.js';
import type { Reading, Store } from '../../stores/contract/store.js';

import { whole } from '../../runtime/interrupt.js';
import { unsupported } from '../../stores/contract/operations.js';
import { withinBytes } from '../../stores/listing/byte-limit.js';
import { counted } from '../../stores/listing/counted.js';
import { noIdleTimes } from '../../stores/listing/entry-filter.js';

/**
 * List entries page by page.
 * @param what for messages: `their sizes`
 * @throws UnsupportedError if the store does not list entries, or does not report idle times
 */
export function entryPages(store: Store, what: string, options: ListEntriesOptions): EntryPages {
  if (options.idle && !store.traits.idleTimes) throw noIdleTimes(store.driver);
  if (store.entries) return store.entries(options);
  throw unsupported(store, 'entries', `list entries with ${what}`);
}

export async function* flattened(pages: EntryPages): AsyncGenerator<ListedEntry> {
  for await (const page of pages) yield* page;
}

/** Count keys, by the store itself if it can. */
export async function countKeys(store: Store, interruption: Interruption, pattern: string): Promise<number> {
  return whole(interruption, async ({ signal }) =>
    store.count ? store.count({ pattern, signal }) : counted(store.keys(pattern), signal),
  );
}

/** Entries to read per request. */
const PAGE = 500;

/** Read the contents of sorted entries, a few at a time. */
export async function* withContents(
  store: Store,
  entries: readonly ListedEntry[],
  signal: AbortSignal,
): AsyncGenerator<ListedEntry> {
  for (const some of withinBytes(entries)) {
    for (let start = 0; start < some.length; start += PAGE) {
      signal.throwIfAborted();
      const page = some.slice(start, start + PAGE);
      const readings = await store.many(page.map(({ key }) => key));
      for (const [index, entry] of page.entries()) {
        const reading = readings[index];
        if (reading !== undefined) yield { ...entry, ...sizeOf(entry, reading), reading };
      }
    }
  }
}

/** The size of the value, if only its memory was known before. */
function sizeOf({ isMemorySize }: ListedEntry, reading: Exclude<Reading, undefined>): Partial<ListedEntry> {
  return isMemorySize && !(reading instanceof Error) ? { size: reading.stored.length } : {};
}
