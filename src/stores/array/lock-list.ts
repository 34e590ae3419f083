import type { ListedLock, ListLocksOptions } from '../contract/locks.js';
import type { ArrayContext } from './context.js';

import { isScheduleMutex } from '../locks/names.js';
import { holderOf } from './locks.js';
import { mutexOwner } from './mutex.js';

/** Locks that are held under the prefix, in the order in which they came; then schedulers' mutexes among the entries. */
export async function* heldLocks(
  { memory, prefix }: ArrayContext,
  { signal }: ListLocksOptions = {},
): AsyncGenerator<ListedLock> {
  signal?.throwIfAborted();
  for (const storedName of memory.heldLocks(prefix)) {
    signal?.throwIfAborted();
    const cell = memory.holder(storedName);
    // Let go while the ones before were read.
    if (cell) yield { name: storedName.slice(prefix.length), ...holderOf(cell), toldBy: 'place' };
  }

  for (const key of memory.keys(prefix)) {
    const name = key.slice(prefix.length);
    const cell = isScheduleMutex(name) ? memory.live(key) : undefined;
    if (cell) yield { name, ...holderOf({ owner: mutexOwner(cell), expires: cell.expires }), toldBy: 'family' };
  }
}
