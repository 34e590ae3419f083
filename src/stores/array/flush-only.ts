import type { EntryFilter, FlushOnlyOptions, FlushOnlyResult } from '../contract/flush.js';
import type { ArrayContext } from './context.js';

import { countMeant, FlushTally, isKeptLock, isMeant, refuseIdleFor } from '../listing/entry-filter.js';
import { listEntries } from './listing.js';

/** Removes the entries that match. */
export async function flushOnly(
  context: ArrayContext,
  only: EntryFilter,
  options: FlushOnlyOptions,
): Promise<FlushOnlyResult> {
  refuseIdleFor('array', only);
  const { pattern = '*' } = only;
  const { signal } = options;
  signal?.throwIfAborted();
  const pages = listEntries(context, { pattern });
  if (options.dryRun) return countMeant(pages, only, options);
  const tally = new FlushTally(options);
  for await (const page of pages) {
    signal?.throwIfAborted();
    for (const entry of page) {
      if (!isMeant(only, entry)) continue;
      if (!isKeptLock(entry)) context.memory.remove(context.prefix + entry.key);
      tally.add(isKeptLock(entry) ? { keptLocks: 1 } : { removed: 1, bytes: entry.size });
    }
  }

  return tally.result;
}
