import type { Interruption } from '../../runtime/interrupt.js';
import type { Store } from '../../stores/contract/store.js';
import type { ListedTag, ListTagsOptions, TagIndex, TagMember } from '../../stores/contract/tags.js';

import { UnsupportedError } from '../../errors.js';
import { untilInterrupted } from '../../runtime/interrupt.js';
import { unsupported } from '../../stores/contract/operations.js';
import { keyToBytes } from '../../stores/entries/key-text.js';
import { printKey } from '../../stores/entries/printed-key.js';

export const TAG_SORTS = ['name', 'entries', 'none'] as const;

export type TagSort = (typeof TAG_SORTS)[number];

/** @throws UnsupportedError if the store has no tags, or cannot list them */
export async function tagIndexOf(store: Store): Promise<TagIndex> {
  if (store.tagIndex) return store.tagIndex();
  throw unsupported(store, store.supports('tags') ? 'tagIndex' : 'tags');
}

/**
 * List tags one by one. If the store does not list them in the requested order, all are read first. An interruption
 * ends the list without an error.
 * @throws UnsupportedError to sort by entries on a store that does not count them
 */
export async function* listTags(
  store: Store,
  interruption: Interruption,
  { sort, ...options }: ListTagsOptions & { readonly sort: TagSort },
): AsyncGenerator<ListedTag> {
  const index = await tagIndexOf(store);
  const pages = untilInterrupted(interruption, index.tags({ ...options, signal: interruption.signal }));
  if (sort === 'none' || (sort === 'name' && index.isSorted)) {
    for await (const page of pages) yield* page;
    return;
  }

  if (sort === 'entries' && index.members === undefined) {
    throw new UnsupportedError(
      `the ${store.driver} store does not count the entries of a tag`,
      'Sort by name, or remove --sort.',
    );
  }

  // A server may list a tag twice while it rehashes.
  const tags = new Map<string, ListedTag>();
  for await (const page of pages) for (const tag of page) tags.set(tag.name, tag);
  yield* [...tags.values()].sort(sort === 'name' ? byName : (one, other) => byEntries(one, other));
}

/** List members one by one. An interruption ends the list without an error. */
export async function* listMembers(store: Store, interruption: Interruption, name: string): AsyncGenerator<TagMember> {
  const index = await tagIndexOf(store);
  if (index.members === undefined) throw unsupported(store, 'tagIndex', `list the entries of tag ${printKey(name)}`);
  const { signal } = interruption;
  for await (const page of untilInterrupted(interruption, index.members(name, { signal }))) yield* page;
}

/** By bytes, like the stores that have an order. */
function byName(one: ListedTag, other: ListedTag): number {
  return Buffer.compare(keyToBytes(one.name), keyToBytes(other.name));
}

/** Largest first. */
function byEntries(one: ListedTag, other: ListedTag): number {
  return (other.entries ?? 0) - (one.entries ?? 0) || byName(one, other);
}
