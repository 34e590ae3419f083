import { createHash } from 'node:crypto';

import { keyToBytes } from '../entries/key-text.js';

/**
 * Laravel's names for tagged entries (10 and later). The order of the names matters: an entry put
 * under `a,b` is not found under `b,a`.
 */
export function taggedKey(names: readonly string[], key: string): string {
  const namespace = names.map((name) => tagSetKey(name)).join('|');
  return `${createHash('sha1').update(keyToBytes(namespace)).digest('hex')}:${key}`;
}

/** What the keys of those sets begin with. */
export const TAG_SET_HEAD = 'tag:';

/** The key of the set that lists a tag's entries, without prefixes. */
export function tagSetKey(name: string): string {
  return `${TAG_SET_HEAD}${name}:entries`;
}

/** Whether a key (without prefixes) is a tag's bookkeeping rather than an entry. */
export function isTagSetKey(key: string): boolean {
  return /^tag:.*:entries$/s.test(key);
}

/** Of the key (without prefixes) of an entry that may carry tags, the hash of their names; undefined of all others. */
export function tagHashOf(key: string): string | undefined {
  return TAGGED.test(key) ? key.slice(0, HASH_LENGTH) : undefined;
}

/**
 * The names in the order in which the entry under `key` was put. Undefined when these are not all of them: the hash is of
 * all names, in their order.
 */
export function inTagOrder(names: readonly string[], key: string): readonly string[] | undefined {
  if (names.length === 0 || names.length > MOST_TAGS) return undefined;
  return permutations(names).find((each) => taggedKey(each, '') === `${tagHashOf(key)}:`);
}

const HASH_LENGTH = 40;
const TAGGED = /^[\da-f]{40}:/;

/** Of more tags on one entry the order is not looked for. */
const MOST_TAGS = 6;

/** Every order of the names. */
export function permutations(names: readonly string[]): ReadonlyArray<readonly string[]> {
  if (names.length < 2) return [names];
  return names.flatMap((name) => permutations(names.filter((other) => other !== name)).map((rest) => [name, ...rest]));
}
