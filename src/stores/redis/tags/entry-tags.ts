import type { Command, Reply } from '../client/command.js';
import type { RedisContext } from '../context.js';

import { keyFromBytes } from '../../entries/key-text.js';
import { inTagOrder, isTagSetKey, TAG_SET_HEAD, taggedKey, tagHashOf, tagSetKey } from '../../tags/names.js';
import { scan } from '../keys.js';

/** Combinations of tags whose names are kept. */
const MOST_KNOWN = 100_000;

/** Tags of which each is asked for an entry; where there are more, their sets are read through once. */
const MOST_ASKED = 256;

/** Members of a tag's set that are read at once. */
const PAGE = 1000;

/** Questions of one round trip. */
const MOST_AT_ONCE = 10_000;

const NONE: readonly string[] = [];

/**
 * Which tags the entries of a listing carry. The key of a tagged entry begins with a hash of their names in their order,
 * so each combination is found out once: of a single tag by hashing, of several by asking each tag's set for one entry,
 * or, where there are many tags, by reading all sets once, in memory that grows with the combinations only.
 */
export class EntryTags {
  readonly #context: RedisContext;
  readonly #signal: AbortSignal | undefined;
  /** By the hash. */
  readonly #known = new Map<string, readonly string[]>();
  #names: Promise<readonly string[]> | undefined;
  #single = new Map<string, string>();
  /** Names by the hash, from all sets. */
  #listed: Promise<ReadonlyMap<string, ReadonlySet<string>>> | undefined;

  constructor(context: RedisContext, signal: AbortSignal | undefined) {
    this.#context = context;
    this.#signal = signal;
  }

  /** In the order of `keys`, which are without prefixes. */
  async of(keys: readonly string[]): Promise<ReadonlyArray<readonly string[]>> {
    const unknown = new Map<string, string>();
    for (const key of keys) {
      const hash = tagHashOf(key);
      if (hash !== undefined && !this.#known.has(hash)) unknown.set(hash, key);
    }

    const found = unknown.size > 0 ? await this.#find(unknown) : this.#known;
    return keys.map((key) => {
      const hash = tagHashOf(key);
      return hash === undefined ? NONE : (this.#known.get(hash) ?? found.get(hash) ?? NONE);
    });
  }

  /** @param unknown by the hash, the key of an entry with these tags */
  async #find(unknown: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, readonly string[]>> {
    this.#names ??= this.#scan();
    const names = await this.#names;
    const found = new Map<string, readonly string[]>();
    const remember = (hash: string, tags: readonly string[]): void => {
      found.set(hash, tags);
      if (this.#known.size < MOST_KNOWN) this.#known.set(hash, tags);
    };

    for (const [hash, key] of unknown) {
      const single = this.#single.get(hash);
      const carried = single === undefined ? await this.#carried(names, hash, key) : [single];
      const inOrder = inTagOrder(carried, key);
      // What was listed in part only, or under a tag that was flushed, is asked for again with the next entry.
      if (inOrder === undefined) found.set(hash, carried);
      else remember(hash, inOrder);
    }

    return found;
  }

  async #carried(names: readonly string[], hash: string, key: string): Promise<readonly string[]> {
    if (names.length <= MOST_ASKED) return this.#ask(names, key);
    this.#listed ??= this.#readThrough(names);
    const listed = await this.#listed;
    return [...(listed.get(hash) ?? [])];
  }

  async #readThrough(names: readonly string[]): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const { connection, keys, packing } = this.#context;
    const found = new Map<string, Set<string>>();
    for (const name of names) {
      let cursor = '0';
      do {
        this.#signal?.throwIfAborted();
        const reply = await connection.call('ZSCAN', keys.full(tagSetKey(name)), cursor, 'COUNT', PAGE);
        const [next, members] = reply as readonly [Reply, readonly Buffer[]];
        cursor = String(next);
        // Each member is followed by its score.
        for (let at = 0; at < members.length; at += 2) {
          const hash = tagHashOf(keyFromBytes(packing.texts.unpack(members[at]!)));
          if (hash !== undefined && !this.#single.has(hash)) found.set(hash, (found.get(hash) ?? new Set()).add(name));
        }
      } while (cursor !== '0');
    }

    return found;
  }

  async #ask(names: readonly string[], key: string): Promise<readonly string[]> {
    const { connection, keys, packing } = this.#context;
    const member = packing.texts.pack(key);
    const carried: string[] = [];
    for (let start = 0; start < names.length; start += MOST_AT_ONCE) {
      this.#signal?.throwIfAborted();
      const some = names.slice(start, start + MOST_AT_ONCE);
      const scores = await connection.batch(
        some.map((name): Command => ['ZSCORE', keys.full(tagSetKey(name)), member]),
      );
      carried.push(...some.filter((_, index) => scores[index] !== null && !(scores[index] instanceof Error)));
    }

    return carried;
  }

  async #scan(): Promise<readonly string[]> {
    const { connection, keys } = this.#context;
    const names = new Set<string>();
    for await (const page of scan(connection, keys, this.#signal, TAG_SET_HEAD)) {
      for (const key of page.map((full) => keys.short(full)).filter((short) => isTagSetKey(short))) {
        names.add(key.slice(TAG_SET_HEAD.length, -':entries'.length));
      }
    }

    this.#single = new Map([...names].map((name) => [taggedKey([name], '').slice(0, -1), name]));
    return [...names];
  }
}
