import type { Work } from '../../runtime/store-command.js';
import type { ListedLock } from '../../stores/contract/locks.js';

import { unsupported } from '../../stores/contract/operations.js';
import { globMatcher } from '../../stores/listing/glob.js';
import { type LockFamily, meaningOf } from '../../stores/locks/families.js';
import { readOwner } from '../../stores/locks/owner.js';

/** Which locks to list. */
export interface LockSelection {
  /** A glob on lock names. */
  readonly pattern?: string | undefined;
  readonly families?: readonly LockFamily[] | undefined;
  /** A glob: entries whose names match are locks, whatever they hold. */
  readonly include?: string | undefined;
  /** In seconds. Only locks that never expire, or that have certainly been held for this long. */
  readonly stuckFor?: number | undefined;
}

/** @throws UnsupportedError if the store cannot list locks */
export async function* selectLocks(
  { store, interruption }: Pick<Work, 'interruption' | 'store'>,
  { pattern, families, include, stuckFor }: LockSelection,
): AsyncGenerator<ListedLock> {
  if (!store.locks) throw unsupported(store, 'locks');

  const isNamed = globMatcher(pattern ?? '*');
  for await (const lock of store.locks({
    signal: interruption.signal,
    ...(include !== undefined && { pattern: include }),
  })) {
    if (!isNamed(lock.name)) continue;
    if (families !== undefined && !families.includes(meaningOf(lock.name, lock.owner).family)) continue;
    if (stuckFor !== undefined && !isStuck(lock, stuckFor)) continue;
    yield lock;
  }
}

/** Only cachectl's owner tokens contain a start time. */
function isStuck({ owner, ttl }: ListedLock, stuckFor: number): boolean {
  if (ttl === null) return true;
  const since = readOwner(owner)?.since;
  return since !== undefined && Date.now() - since.getTime() >= stuckFor * 1000;
}
