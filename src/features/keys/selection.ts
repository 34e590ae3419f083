import type { Interruption } from '../../runtime/interrupt.js';
import type { EntryPages, ListedEntry, ListEntriesOptions } from '../../stores/contract/listing.js';
import type { Store } from '../../stores/contract/store.js';

import { ExitCode, InterruptedError, PartialError, UnsupportedError } from '../../errors.js';
import { interruptedCode } from '../../runtime/interrupt.js';
import { counted } from '../../stores/listing/counted.js';
import { noIdleTimes } from '../../stores/listing/entry-filter.js';

/**
 * What the store lists, page by page. @param what of entries is asked for, e.g. `their sizes`
 * @throws UnsupportedError where it lists none, or does not tell since when they have not been used
 */
export function entryPages(store: Store, what: string, options: ListEntriesOptions): EntryPages {
  if (options.idle && !store.capabilities.idleTimes) throw noIdleTimes(store.driver);
  if (store.entries) return store.entries(options);
  throw new UnsupportedError(
    `the ${store.driver} store lists no entries with ${what}`,
    store.capabilities.listing
      ? 'Leave --long, --sort and --tree out, and look at single ones with get.'
      : 'It cannot list keys; ask for them by name.',
  );
}

/** One by one, no more than `limit`; ends when it is interrupted, without an error. */
export async function* untilInterrupted<T>(
  items: AsyncIterable<T>,
  interruption: Interruption,
  limit = Infinity,
): AsyncGenerator<T> {
  let given = 0;
  try {
    for await (const item of items) {
      if (interruption.signal.aborted) return;
      yield item;
      if (++given >= limit) return;
    }
  } catch (error) {
    if (interruption.by === undefined) throw error;
  }
}

export async function* flattened(pages: EntryPages): AsyncGenerator<ListedEntry> {
  for await (const page of pages) yield* page;
}

/** How many keys there are, by the store where it counts itself. */
export async function countKeys(store: Store, interruption: Interruption, pattern: string): Promise<number> {
  return whole(interruption, async ({ signal }) =>
    store.count ? store.count({ pattern, signal }) : counted(store.keys(pattern), signal),
  );
}

/**
 * What has no answer before all has been seen.
 * @throws InterruptedError when it was interrupted before
 */
export async function whole<T>(
  interruption: Interruption,
  work: (interruption: Interruption) => Promise<T>,
  { what = 'keys', hint = 'Give it time, or a narrower pattern.' } = {},
): Promise<T> {
  try {
    const result = await work(interruption);
    if (interruption.by === undefined) return result;
  } catch (error) {
    if (interruption.by === undefined) throw error;
  }

  const message = `interrupted before all ${what} had been seen`;
  if (interruptedCode(interruption) === ExitCode.Interrupted) throw new InterruptedError(message, hint);
  throw new PartialError(message, hint);
}
