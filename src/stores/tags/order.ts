import type { TagMember } from '../contract/tags.js';

import { inTagOrder, tagHashOf } from './names.js';

/** Combinations of tags that are kept, and members that are asked for one whose tags are not all found. */
const MOST_KNOWN = 100_000;
const MOST_TRIES = 3;

/** Which tags the members of a tag carry: each combination of them, which the members' keys hash, is asked for once. */
export class TagOrders {
  readonly #name: string;
  readonly #ask: (listedKey: string, hash: string) => Promise<readonly string[]> | readonly string[];
  readonly #known = new Map<string, readonly string[]>();
  readonly #tries = new Map<string, number>();

  /** @param ask gives the names that a member is listed under, as far as they can be found */
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
    if (tries >= MOST_TRIES) return { key, listedKey, tags: [this.#name], isOrdered: false };
    const found = [...new Set([this.#name, ...(await this.#ask(listedKey, hash))])];
    const ordered = inTagOrder(found, listedKey);
    if (ordered !== undefined) return { key, listedKey, tags: this.#keep(hash, ordered), isOrdered: true };
    if (this.#tries.size >= MOST_KNOWN) this.#tries.clear();
    this.#tries.set(hash, tries + 1);
    return { key, listedKey, tags: found, isOrdered: false };
  }

  #keep(hash: string, names: readonly string[]): readonly string[] {
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.set(hash, names);
    return names;
  }
}

/** What an entry was named by whoever wrote it. @param listedKey without prefixes; of a tagged entry, with the hash */
export function untaggedKey(listedKey: string): string {
  const hash = tagHashOf(listedKey);
  return hash === undefined ? listedKey : listedKey.slice(hash.length + 1);
}
