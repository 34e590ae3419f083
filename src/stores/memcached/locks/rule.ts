import type { DetectedBy } from '../../contract/locks.js';
import type { Item } from '../protocol/node.js';

import { OWNER_PREFIX } from '../../locks/names.js';
import { lockDetector, type LockDetector } from '../../locks/rule.js';

/** Larger items, key and header included, are not locks of cachectl: owners are short. */
export const MAX_LOCK = 2048;

/** Says how an item is recognized as a lock, or without an item, by its name only. */
export type ItemLockRule = (name: string, item?: Item) => DetectedBy | undefined;

/** @param pattern a glob on names that the user declares to be locks, whatever they hold */
export function itemLockRule(pattern?: string): ItemLockRule {
  const tell: LockDetector = lockDetector({
    isPlaceOfLocks: false,
    ownersStandOut: false,
    goesByNames: false,
    pattern,
  });
  return (name, item) => tell(name, item === undefined ? '' : beginning(item));
}

export const lockOf = itemLockRule();

/** The first bytes of its text. Items with flags are serialized or compressed, so they are not owners. */
function beginning({ value, flags }: Item): string {
  return flags === 0 ? value.toString('latin1', 0, OWNER_PREFIX.length) : '';
}
