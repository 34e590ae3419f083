import type { DetectedBy } from '../contract/locks.js';

import { isNumeric } from '../../codecs/php/numeric.js';
import { globMatcher } from '../listing/glob.js';
import { fenceKey } from './fenced-lock.js';
import { isLaravelLockName, isLaravelOwner, isSerialized, OWNER_PREFIX } from './names.js';

/**
 * The rule for locks on stores where locks and entries are both keys (Redis, Memcached). A key is a lock if Laravel
 * uses its name for locks only, or if its value is an owner. An owner is a token of cachectl, or 16 or 20 bare
 * letters and digits (Laravel's form) where no entry can look like that. In a separate place for locks, it is any
 * other text that is no serialized value, number or session. A serialized value is never an owner.
 */
export interface LockRule {
  /** Only locks are stored there: `locks:` in a profile. */
  readonly isPlaceOfLocks: boolean;
  /** Whether bare text apart from numbers is never an entry, so that text in Laravel's format is an owner. */
  readonly ownersStandOut: boolean;
  /** Locks are stored elsewhere, so only names count here. */
  readonly goesByNames: boolean;
  /** A glob on names that the user declares to be locks, whatever they hold. */
  readonly pattern?: string | undefined;
}

/** How a key is recognized as a lock; undefined if it is none. @param owner its value as text, or the start of it */
export type LockDetector = (name: string, owner: string) => DetectedBy | undefined;

export function lockDetector({ isPlaceOfLocks, ownersStandOut, goesByNames, pattern }: LockRule): LockDetector {
  const isNamed = pattern === undefined ? undefined : globMatcher(pattern);
  return (name, owner) => {
    if (isLaravelLockName(name)) return 'family';
    if (!goesByNames) {
      if (owner.startsWith(OWNER_PREFIX)) return 'cachectl-owner';
      if (ownersStandOut && isLaravelOwner(owner)) return 'laravel-owner';
      if (isPlaceOfLocks && mayBeLockThere(name) && isOwnerText(owner)) return 'place';
    }

    return isNamed?.(name) && !name.startsWith(FENCES) ? 'pattern' : undefined;
  };
}

/** In bytes: longer than any owner of cachectl or Laravel. */
export const MAX_OWNER = 1024;

/** The first bytes of a bare value that suffice to recognize an owner of cachectl or Laravel. */
export const OWNER_HEAD_BYTES = 21;

/**
 * Lua: whether a bare value is an owner of cachectl or Laravel. `owner` is `OWNER_PREFIX`, or empty if values do not
 * count.
 */
export const IS_OWNER = `local find, startOf = string.find, string.sub
local function isOwner(value, owner, standsOut)
  if startOf(value, 1, #owner) == owner then return true end
  return standsOut and (#value == 16 or #value == 20) and find(value, '^%w+$')
    and not find(value, '^%d+$') and not find(value, '^%d+[Ee]%d+$')
end
`;

/** Whether a name can be a lock in a shared place: it is not a session, which is 40 letters and digits. */
export function mayBeLockThere(name: string): boolean {
  return !SESSION_ID.test(name) && !name.startsWith(FENCES);
}

const SESSION_ID = /^[\dA-Za-z]{40}$/;

/** Whether a text can be a custom owner: printable, not a number, not serialized. */
export function isOwnerText(text: string): boolean {
  return (
    text !== '' &&
    text.length < MAX_OWNER &&
    !UNPRINTABLE.test(text) &&
    !isSerialized(text) &&
    (!isNumeric(Buffer.from(text)) || NUMERIC_OWNER.test(text))
  );
}

/** Counters and timestamps are shorter. */
const NUMERIC_OWNER = /^\d{16,}$/;

// eslint-disable-next-line no-control-regex -- bytes of a binary serializer or compression
const UNPRINTABLE = /[\u0000-\u001F\u007F\uFFFD]/;

/** The prefix of entries that count acquisitions. */
const FENCES = fenceKey('');
