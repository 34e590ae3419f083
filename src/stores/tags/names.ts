import { createHash } from 'node:crypto';

import { keyToBytes } from '../entries/key-text.js';

/**
 * Laravel's key of a tagged entry (10 and later). The order of names matters: an entry put with `a,b` is not found
 * with `b,a`.
 */
export function taggedKey(names: readonly string[], key: string): string {
  const namespace = names.map((name) => tagSetKey(name)).join('|');
  return `${createHash('sha1').update(keyToBytes(namespace)).digest('hex')}:${key}`;
}

/** The prefix of the sorted sets of tags. */
export const TAG_SET_HEAD = 'tag:';

/** The key of the set that lists a tag's entries, without prefixes. */
export function tagSetKey(name: string): string {
  return `${TAG_SET_HEAD}${name}:entries`;
}

/** The tag whose index has the key. @param setKey without prefixes */
export function tagOfSetKey(setKey: string): string {
  return setKey.slice(TAG_SET_HEAD.length, -':entries'.length);
}

/** Whether a key (without prefixes) is a tag index and not an entry. */
export function isTagSetKey(key: string): boolean {
  return /^tag:.*:entries$/s.test(key);
}

/** Whether a key (without prefixes) may be a tag index of a longer prefix, which another application has. */
export function mayBeForeignTagSet(key: string): boolean {
  return !isTagSetKey(key) && /tag:.*:entries$/s.test(key);
}

/** The hash of the tags in the key (without prefixes) of an entry that may be tagged. Undefined for other keys. */
export function tagHashOf(key: string): string | undefined {
  // Most keys are ruled out by one character.
  return key[HASH_LENGTH] === ':' && TAGGED.test(key) ? key.slice(0, HASH_LENGTH) : undefined;
}

/**
 * The names in the order of the entry under `key`. Undefined if some are missing: the hash covers all names in order.
 */
export function inTagOrder(names: readonly string[], key: string): readonly string[] | undefined {
  if (names.length === 0 || names.length > MAX_TAGS) return undefined;
  return permutations(names).find((each) => taggedKey(each, '') === `${tagHashOf(key)}:`);
}

const HASH_LENGTH = 40;
const TAGGED = /^[\da-f]{40}:/;

/** For more tags on an entry, the order is not searched. */
const MAX_TAGS = 6;

export function permutations(names: readonly string[]): ReadonlyArray<readonly string[]> {
  if (names.length < 2) return [names];
  return names.flatMap((name) => permutations(names.filter((other) => other !== name)).map((rest) => [name, ...rest]));
}
