import type { ListedLock, ListLocksOptions } from '../lock-contract.js';
import type { Room } from './entries.js';

import { holderOf } from './locks.js';

/** Locks that are held under the prefix, in the order in which they came. */
export async function* heldLocks(
  { memory, prefix }: Room,
  { signal }: ListLocksOptions = {},
): AsyncGenerator<ListedLock> {
  signal?.throwIfAborted();
  for (const storedName of memory.heldLocks(prefix)) {
    signal?.throwIfAborted();
    const cell = memory.holder(storedName);
    // Let go while the ones before were read.
    if (cell) yield { name: storedName.slice(prefix.length), ...holderOf(cell), toldBy: 'place' };
  }
}
