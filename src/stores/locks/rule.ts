import type { ToldBy } from '../contract/locks.js';

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
  /** The place is reserved for locks: `locks:` of a profile. */
  readonly isPlaceOfLocks: boolean;
  /** Whether bare text is never an entry here, apart from numbers, so that text of Laravel's form is an owner. */
  readonly ownersStandOut: boolean;
  /** Locks are elsewhere: here only names count, not values. */
  readonly goesByNames: boolean;
  /** A glob on names that the user declares to be locks, whatever they hold. */
  readonly pattern?: string | undefined;
}

/** Says how a key is recognised as a lock. Undefined if it is none. @param owner its text, or the beginning of it */
export type Teller = (name: string, owner: string) => ToldBy | undefined;

export function lockTeller({ isPlaceOfLocks, ownersStandOut, goesByNames, pattern }: LockRule): Teller {
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
export const LONGEST_OWNER = 1024;

/** The first bytes of a bare value suffice to recognise an owner of cachectl or Laravel. */
export const TELLING_BYTES = 21;

/**
 * Whether a bare value is an owner of cachectl or Laravel, in Lua, for scripts on Redis. `owner` is `OWNER_PREFIX`,
 * or empty where values do not count.
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
    text.length < LONGEST_OWNER &&
    !UNPRINTED.test(text) &&
    !isSerialized(text) &&
    (!isNumeric(Buffer.from(text)) || OF_AN_OWNER.test(text))
  );
}

/** Counters and times are shorter. */
const OF_AN_OWNER = /^\d{16,}$/;

// eslint-disable-next-line no-control-regex -- bytes of a binary serializer, or of a compression
const UNPRINTED = /[\u0000-\u001F\u007F\uFFFD]/;

/** The prefix of entries that count acquisitions. */
const FENCES = fenceKey('');
