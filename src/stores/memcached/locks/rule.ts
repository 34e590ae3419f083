import type { ToldBy } from '../../contract/locks.js';
import type { Item } from '../protocol/node.js';

import { OWNER_PREFIX } from '../../locks/names.js';
import { lockTeller, type Teller } from '../../locks/rule.js';

/** An item of more bytes than that, key and header included, is none of our locks: owners are short. */
export const LARGEST_LOCK = 2048;

/** Tells an item to be a lock, or, without one, its name. */
export type ItemTeller = (name: string, item?: Item) => ToldBy | undefined;

/** @param pattern a glob on names: whoever asks says that those are locks, whatever they hold */
export function itemTeller(pattern?: string): ItemTeller {
  const tell: Teller = lockTeller({ isPlaceOfLocks: false, ownersStandOut: false, goesByNames: false, pattern });
  return (name, item) => tell(name, item === undefined ? '' : beginning(item));
}

export const lockOf = itemTeller();

/** Of the text that it holds, as far as it has to be known; what has flags is serialized or compressed, and no owner. */
function beginning({ value, flags }: Item): string {
  return flags === 0 ? value.toString('latin1', 0, OWNER_PREFIX.length) : '';
}
