import type { ToldBy } from '../contract/locks.js';
import type { LockHolder } from '../contract/store.js';

import { printKey } from '../entries/printed-key.js';
import { meaningOf } from './families.js';
import { isSerialized } from './names.js';
import { readOwner } from './owner.js';

/** What the name and the owner of a held lock say of it, beyond what the store does. */
export function aboutLock(name: string, { owner }: Pick<LockHolder, 'owner'>) {
  return { ...meaningOf(name, owner), acquiredAt: readOwner(owner)?.since };
}

/** How a lock was recognized, for people. */
export const DETECTED_BY: Readonly<Record<ToldBy, string>> = {
  'cachectl-owner': 'owner format',
  family: 'name',
  'laravel-owner': 'owner format',
  pattern: '--include',
  place: 'location',
};

/**
 * An owner for people. Whoever can write to the cache can name one, so what would steer a terminal is escaped. A value that
 * is no owner (an entry of that name, a session) is not printed.
 */
export function ownerText({ owner }: Pick<LockHolder, 'owner'>): string {
  if (owner === '') return '""';
  return ownerField(owner) ?? 'a cache value, not an owner';
}

/** An owner as it is printed; null of a value that is no owner. */
export function ownerField(owner: string): string | null {
  return isSerialized(owner) || owner.length > LONGEST_SHOWN ? null : printKey(owner);
}

/** The name of a lock as it is printed. */
export function nameText(name: string): string {
  return printKey(name);
}

/** In characters: an owner token of cachectl holds a user and a host, which have at most 32 and 255. */
const LONGEST_SHOWN = 400;
