import { createHash } from 'node:crypto';

/**
 * Laravel's names for tagged entries (10 and later). The order of the names matters: an entry put
 * under `a,b` is not found under `b,a`.
 */
export function taggedKey(names: readonly string[], key: string): string {
  const namespace = names.map((name) => tagSetKey(name)).join('|');
  return `${createHash('sha1').update(namespace).digest('hex')}:${key}`;
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
