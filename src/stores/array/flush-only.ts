import type { EntryFilter, FlushOnlyOptions, FlushOnlyResult } from '../contract/listing.js';
import type { Room } from './entries.js';

import { countMeant, FlushTally, isKeptLock, isMeant, refuseIdleFor } from '../listing/entry-filter.js';
import { listEntries } from './listing.js';

/** Removes the entries that match. */
export async function flushOnly(room: Room, only: EntryFilter, options: FlushOnlyOptions): Promise<FlushOnlyResult> {
  refuseIdleFor('array', only);
  const { pattern = '*' } = only;
  const { signal } = options;
  signal?.throwIfAborted();
  const pages = listEntries(room, { pattern });
  if (options.dryRun) return countMeant(pages, only, options);
  const tally = new FlushTally(options);
  for await (const page of pages) {
    signal?.throwIfAborted();
    for (const entry of page) {
      if (!isMeant(only, entry)) continue;
      if (!isKeptLock(entry)) room.memory.remove(room.prefix + entry.key);
      tally.add(isKeptLock(entry) ? { keptLocks: 1 } : { removed: 1, bytes: entry.size });
    }
  }

  return tally.result;
}
