import type { Work } from '../../runtime/store-command.js';
import type { ListedLock } from '../../stores/contract/locks.js';

import { UnsupportedError } from '../../errors.js';
import { globMatcher } from '../../stores/listing/glob.js';
import { type LockFamily, meaningOf } from '../../stores/locks/families.js';
import { readOwner } from '../../stores/locks/owner.js';

/** Which locks are wanted. */
export interface LockSelection {
  /** A glob on the name. */
  readonly names?: string | undefined;
  readonly families?: readonly LockFamily[] | undefined;
  /** A glob: what bears such a name is a lock, whatever it holds. */
  readonly pattern?: string | undefined;
  /** Only those that never expire, or that were taken as long ago, in seconds, as far as it is known. */
  readonly stuckFor?: number | undefined;
}

/** @throws UnsupportedError where the store cannot list locks */
export async function* selectLocks(
  { store, interruption }: Pick<Work, 'interruption' | 'store'>,
  { names, families, pattern, stuckFor }: LockSelection,
): AsyncGenerator<ListedLock> {
  if (!store.locks) {
    throw new UnsupportedError(
      `the ${store.driver} store does not list locks`,
      'Ask for one by name: cachectl lock:show NAME',
    );
  }

  const isNamed = globMatcher(names ?? '*');
  for await (const lock of store.locks({ signal: interruption.signal, ...(pattern !== undefined && { pattern }) })) {
    if (!isNamed(lock.name)) continue;
    if (families !== undefined && !families.includes(meaningOf(lock.name, lock.owner).family)) continue;
    if (stuckFor !== undefined && !isStuck(lock, stuckFor)) continue;
    yield lock;
  }
}

/** Of an owner that cachectl made it is known since when; of all others only whether they end. */
function isStuck({ owner, ttl }: ListedLock, stuckFor: number): boolean {
  if (ttl === null) return true;
  const since = readOwner(owner)?.since;
  return since !== undefined && Date.now() - since.getTime() >= stuckFor * 1000;
}
