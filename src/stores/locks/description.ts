import type { DetectedBy } from '../contract/locks.js';
import type { LockHolder } from '../contract/store.js';

import { printKey } from '../entries/printed-key.js';
import { meaningOf } from './families.js';
import { isSerialized } from './names.js';
import { readOwner } from './owner.js';

/** What the name and the owner of a held lock reveal. */
export function aboutLock(name: string, { owner }: Pick<LockHolder, 'owner'>) {
  return { ...meaningOf(name, owner), acquiredAt: readOwner(owner)?.since };
}

/** How a lock was recognized, for people. */
export const DETECTED_BY: Readonly<Record<DetectedBy, string>> = {
  'cachectl-owner': 'owner format',
  family: 'name',
  'laravel-owner': 'owner format',
  pattern: '--include',
  place: 'location',
};

/**
 * An owner for people. Anyone with access to the cache can choose one, so control characters are escaped. A value that
 * is no owner, such as an entry or a session, is not printed.
 */
export function ownerText({ owner }: Pick<LockHolder, 'owner'>): string {
  if (owner === '') return '""';
  return ownerField(owner) ?? 'a cache value, not an owner';
}

/** An owner as printed; null for a value that is no owner. */
export function ownerField(owner: string): string | null {
  return isSerialized(owner) || owner.length > MAX_SHOWN ? null : printKey(owner);
}

/** The name of a lock as printed. */
export function nameText(name: string): string {
  return printKey(name);
}

/** In characters. An owner token of cachectl contains a user name (up to 32) and a host name (up to 255). */
const MAX_SHOWN = 400;
