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

/** @throws UnsupportedError where the store has no tags, or cannot list them */
export async function tagIndexOf(store: Store): Promise<TagIndex> {
  if (store.tagIndex) return store.tagIndex();
  throw unsupported(store, store.supports('tags') ? 'tagIndex' : 'tags');
}

/**
 * One by one; those that do not come in the order that is asked for are gathered first. An interruption ends them quietly.
 * @throws UnsupportedError for the order of numbers that the store does not tell
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
      `the ${store.driver} store does not tell how many entries carry a tag`,
      'Sort by name, or leave --sort out.',
    );
  }

  // A tag that comes twice, while a server rehashes, is given once.
  const tags = new Map<string, ListedTag>();
  for await (const page of pages) for (const tag of page) tags.set(tag.name, tag);
  yield* [...tags.values()].sort(sort === 'name' ? byName : (one, other) => byEntries(one, other));
}

/** One by one. An interruption ends them quietly. */
export async function* listMembers(store: Store, interruption: Interruption, name: string): AsyncGenerator<TagMember> {
  const index = await tagIndexOf(store);
  if (index.members === undefined) throw unsupported(store, 'tagIndex', `list the entries of tag ${printKey(name)}`);
  const { signal } = interruption;
  for await (const page of untilInterrupted(interruption, index.members(name, { signal }))) yield* page;
}

/** By the bytes, as the stores do that have an order. */
function byName(one: ListedTag, other: ListedTag): number {
  return Buffer.compare(keyToBytes(one.name), keyToBytes(other.name));
}

/** The most first. */
function byEntries(one: ListedTag, other: ListedTag): number {
  return (other.entries ?? 0) - (one.entries ?? 0) || byName(one, other);
}
