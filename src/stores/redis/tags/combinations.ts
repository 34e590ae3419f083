import { createHash } from 'node:crypto';

import type { RedisContext } from '../context.js';

import { keyToBytes } from '../../entries/key-text.js';
import { isTagSetKey, TAG_SET_HEAD, tagSetKey } from '../../tags/names.js';
import { scan } from '../keys.js';

/** Of more tags than that under the prefix, combinations of two are not made. */
const MOST_PAIRED = 100_000;

/** Of more tags than that, no member is asked for in each. */
const MOST_ASKED = 1000;

/**
 * Finds the tags beside one that a member carries. The key of a member begins with a hash of their names: one of two names
 * is found by making the hashes of all, without a question; of more names each tag is asked whether it lists the member.
 */
export class TagCombinations {
  readonly #context: RedisContext;
  readonly #name: string;
  #learning: Promise<readonly string[]> | undefined;
  readonly #pairs = new Map<string, string>();

  constructor(context: RedisContext, name: string) {
    this.#context = context;
    this.#name = name;
  }

  /** Names that the member is listed under, as far as they can be found. */
  async of(listedKey: string, hash: string): Promise<readonly string[]> {
    this.#learning ??= this.#learn();
    const names = await this.#learning;
    const other = this.#pairs.get(hash);
    if (other !== undefined) return [other];
    if (names.length > MOST_ASKED) return [];
    const { connection, keys, packing } = this.#context;
    const member = packing.texts.pack(listedKey);
    const scores = await connection.batch(names.map((name) => ['ZSCORE', keys.full(tagSetKey(name)), member]));
    return names.filter((_, index) => scores[index] !== null && !(scores[index] instanceof Error));
  }

  async #learn(): Promise<readonly string[]> {
    const { connection, keys } = this.#context;
    const names = new Set<string>();
    for await (const page of scan(connection, keys, undefined, TAG_SET_HEAD)) {
      for (const full of page) {
        const key = keys.short(full);
        if (isTagSetKey(key)) names.add(tagOf(key));
      }

      // There is no end to what a listing may say then.
      if (names.size > MOST_PAIRED) return [...names];
    }

    const own = tagSetKey(this.#name);
    for (const name of names) {
      this.#pairs.set(hashOf(`${own}|${tagSetKey(name)}`), name);
      this.#pairs.set(hashOf(`${tagSetKey(name)}|${own}`), name);
    }

    return [...names];
  }
}

/** The name of the tag whose set has the key, without prefixes. */
export function tagOf(setKey: string): string {
  return setKey.slice(TAG_SET_HEAD.length, -':entries'.length);
}

function hashOf(namespace: string): string {
  return createHash('sha1').update(keyToBytes(namespace)).digest('hex');
}
