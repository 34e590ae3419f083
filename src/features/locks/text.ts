import type { LockHolder, Ttl } from '../../stores/contract/store.js';

import { printKey } from '../../stores/entries/printed-key.js';
import { isSerialized } from '../../stores/locks/names.js';
import { formatDuration } from '../../terminal/durations.js';

/** Who holds a lock and for how long, for whoever did not get it. */
export function heldText(name: string, holder: LockHolder | undefined): string {
  return holder === undefined
    ? `${nameText(name)} was held, and is free now`
    : `${nameText(name)} is ${heldByText(holder)}`;
}

/** `held by ann, for another 9m 59s`. */
export function heldByText(holder: LockHolder): string {
  return `held by ${ownerText(holder)}${forText(holder.ttl)}`;
}

/** Why an owner that took a lock to be its own is mistaken. */
export function notYoursText(name: string, holder: LockHolder | undefined): string {
  if (holder === undefined) return `${nameText(name)} is not held: it expired or was released`;
  return `not yours: ${heldText(name, holder)}`;
}

/** When a lock lets go by itself, in few words. */
export function leftText(ttl: Ttl | undefined): string {
  if (ttl === undefined) return 'not told';
  return ttl === null ? 'never' : `in ${formatDuration(ttl)}`;
}

function forText(ttl: Ttl | undefined): string {
  if (ttl === undefined) return '; the store does not tell for how long';
  return ttl === null ? ', and it never expires' : `, for another ${formatDuration(ttl)}`;
}

/**
 * Whoever can write to the cache can name an owner, so what would steer a terminal is escaped. A value that
 * is no owner (an entry of that name, a session) is not printed.
 */
export function ownerText({ owner }: Pick<LockHolder, 'owner'>): string {
  if (owner === '') return '""';
  return ownerField(owner) ?? 'a cache value, not an owner';
}

/** As it is printed; null of a value that is no owner. */
export function ownerField(owner: string): string | null {
  return isSerialized(owner) || owner.length > LONGEST_SHOWN ? null : printKey(owner);
}

/** In characters: an owner of cachectl's names a user and a host, which have at most 32 and 255. */
const LONGEST_SHOWN = 400;

/** Nor can whoever names a lock steer it. */
export function nameText(name: string): string {
  return printKey(name);
}
