import type { Sample, SampleOptions } from '../contract/stats.js';
import type { ArrayContext } from './context.js';

import { Reservoir } from '../listing/reservoir.js';
import { type EntryCell, ttlOf } from './memory.js';

/** A fair choice among all. */
export function sample({ memory, prefix }: ArrayContext, { size, signal }: SampleOptions): Sample {
  signal?.throwIfAborted();
  const chosen = new Reservoir<EntryCell>(size);
  for (const key of memory.keys(prefix)) {
    const cell = memory.live(key);
    if (cell) chosen.offer(cell);
  }

  return {
    entries: chosen.kept.map((cell) => ({ size: cell.stored.length, ttl: ttlOf(cell) })),
    method: 'a fair choice among all of them',
    isComplete: chosen.offered <= size,
    isRandom: true,
    looked: chosen.offered,
  };
}
