import type { InspectedTags } from '../contract/inspection.js';
import type { TagMember } from '../contract/tags.js';

import { inTagOrder, taggedKey, tagHashOf } from './names.js';

/** The limits of cached combinations, and of lookups for a combination whose tags are not all found. */
const MAX_KNOWN = 100_000;
const MAX_TRIES = 3;

/** Finds the tags of a tag's members. Looks up each combination of tags, known by the hash in the keys, once. */
export class TagOrders {
  readonly #name: string;
  readonly #ask: (listedKey: string, hash: string) => Promise<readonly string[]> | readonly string[];
  readonly #known = new Map<string, readonly string[]>();
  readonly #tries = new Map<string, number>();

  /** @param ask returns the names that list a member, as far as they can be found */
  constructor(name: string, ask: (listedKey: string, hash: string) => Promise<readonly string[]> | readonly string[]) {
    this.#name = name;
    this.#ask = ask;
  }

  async of(listedKey: string): Promise<Pick<TagMember, 'isOrdered' | 'key' | 'listedKey' | 'tags'>> {
    const hash = tagHashOf(listedKey);
    const key = untaggedKey(listedKey);
    if (hash === undefined) return { key, listedKey, tags: [this.#name], isOrdered: false };
    const known = this.#known.get(hash) ?? inTagOrder([this.#name], listedKey);
    if (known !== undefined) return { key, listedKey, tags: this.#keep(hash, known), isOrdered: true };
    const tries = this.#tries.get(hash) ?? 0;
    if (tries >= MAX_TRIES) return { key, listedKey, tags: [this.#name], isOrdered: false };
    const found = [...new Set([this.#name, ...(await this.#ask(listedKey, hash))])];
    const ordered = inTagOrder(found, listedKey);
    if (ordered !== undefined) return { key, listedKey, tags: this.#keep(hash, ordered), isOrdered: true };
    if (this.#tries.size >= MAX_KNOWN) this.#tries.clear();
    this.#tries.set(hash, tries + 1);
    return { key, listedKey, tags: found, isOrdered: false };
  }

  #keep(hash: string, names: readonly string[]): readonly string[] {
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(hash, names);
    return names;
  }
}

/**
 * What `inspect` reports of an entry's tags. Undefined if it has none.
 * @param names its tags, in the best known order
 * @param listing the tags whose index lists it
 */
export function inspectedTags(
  listedKey: string,
  names: readonly string[],
  listing: readonly string[],
): InspectedTags | undefined {
  const hash = tagHashOf(listedKey);
  if (hash === undefined || names.length === 0) return undefined;
  const unlisted = names.filter((name) => !listing.includes(name));
  const isOrdered = taggedKey(names, '') === `${hash}:`;
  return { names, isOrdered, ...(unlisted.length > 0 && { unlisted }) };
}

/** The entry's own key. @param listedKey without prefixes, with the hash of a tagged entry */
export function untaggedKey(listedKey: string): string {
  const hash = tagHashOf(listedKey);
  return hash === undefined ? listedKey : listedKey.slice(hash.length + 1);
}
