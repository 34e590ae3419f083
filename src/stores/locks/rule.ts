import type { ToldBy } from '../contract/locks.js';

import { isNumeric } from '../../codecs/php/numeric.js';
import { globMatcher } from '../listing/glob.js';
import { fenceKey } from './fenced-lock.js';
import { isLaravelLockName, isLaravelOwner, isSerialized, OWNER_PREFIX } from './names.js';

/**
 * The rule of what a lock is, where locks and entries are keys alike (Redis, Memcached). A key is a lock when Laravel gives
 * its name to locks only, or when its value is an owner: one that cachectl made; sixteen or twenty bare letters and digits,
 * as Laravel makes them up, where no entry can look so; and in a place that is named for locks any other text, since only
 * serialized values, numbers and sessions lie there beside them. A serialized value is never an owner.
 */
export interface LockRule {
  /** The place is named for locks: `locks:` of a profile. */
  readonly isPlaceOfLocks: boolean;
  /** Whether no entry there is bare text but for numbers, so that text of the form of Laravel's owners is one. */
  readonly ownersStandOut: boolean;
  /** Locks are taken elsewhere: what lies here all the same is told by its name alone, and no value is looked at. */
  readonly goesByNames: boolean;
  /** A glob on names: whoever asks says that those are locks, whatever they hold. */
  readonly pattern?: string | undefined;
}

/** How a key is told to be a lock; undefined when it is none. @param owner the text that it holds, or the beginning of it */
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

/** In bytes: longer than any owner of cachectl's or Laravel's. */
export const LONGEST_OWNER = 1024;

/** Of a bare value the first bytes tell whether it is an owner that cachectl or Laravel made. */
export const TELLING_BYTES = 21;

/** Whether a bare value is an owner that cachectl or Laravel made, in Lua, for scripts on Redis; `owner` is `OWNER_PREFIX`, or empty where values say nothing. */
export const IS_OWNER = `local find, startOf = string.find, string.sub
local function isOwner(value, owner, standsOut)
  if startOf(value, 1, #owner) == owner then return true end
  return standsOut and (#value == 16 or #value == 20) and find(value, '^%w+$')
    and not find(value, '^%d+$') and not find(value, '^%d+[Ee]%d+$')
end
`;

/** Whether a name can be a lock's in a place that locks share: not a session's, which is 40 letters and digits. */
export function mayBeLockThere(name: string): boolean {
  return !SESSION_ID.test(name) && !name.startsWith(FENCES);
}

const SESSION_ID = /^[\dA-Za-z]{40}$/;

/** Whether a text can be an owner that somebody chose: not a number, not what a serializer writes, nothing that is not printed. */
export function isOwnerText(text: string): boolean {
  return (
    text !== '' &&
    text.length < LONGEST_OWNER &&
    !UNPRINTED.test(text) &&
    !isSerialized(text) &&
    (!isNumeric(Buffer.from(text)) || OF_AN_OWNER.test(text))
  );
}

/** Counters and times do not get as long. */
const OF_AN_OWNER = /^\d{16,}$/;

// eslint-disable-next-line no-control-regex -- bytes of a binary serializer, or of a compression
const UNPRINTED = /[\u0000-\u001F\u007F\uFFFD]/;

/** What the entries that number acquisitions are named. */
const FENCES = fenceKey('');
