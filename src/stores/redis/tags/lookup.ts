import { setTimeout as sleep } from 'node:timers/promises';

import type { Connection } from '../connection.js';
import type { Keys } from '../keys.js';
import type { Texts } from '../packing.js';

import { inTagOrder, isTagSetKey, TAG_SET_HEAD, tagHashOf, tagSetKey } from '../../tags/names.js';
import { scan } from '../keys.js';

/** How often the names of tags are looked for, at most, in milliseconds. */
const SCAN_PAUSE_MS = 2000;

/** How long to wait for a tag that another server of a cluster is about to tell of, in milliseconds. */
const SOON_MS = 30;

/** Combinations of tags whose names are kept. */
const MOST_KNOWN = 100_000;

/**
 * Which tags an entry carries. The key of a tagged entry begins with a hash of their names, and is a member of each of
 * their sets, so each combination of tags is asked for once.
 */
export class TagLookup {
  readonly #connection: Connection;
  readonly #keys: Keys;
  readonly #texts: Texts;
  readonly #names = new Set<string>();
  /** By the hash. */
  readonly #known = new Map<string, readonly string[]>();
  #scannedAt = -Infinity;

  constructor(connection: Connection, keys: Keys, texts: Texts) {
    this.#connection = connection;
    this.#keys = keys;
    this.#texts = texts;
  }

  /** A set of a tag was named. @param key without prefixes */
  heardOf(key: string): void {
    if (isTagSetKey(key)) this.#names.add(key.slice(TAG_SET_HEAD.length, -':entries'.length));
  }

  /** Undefined where it must be asked for first; none of an entry that carries none. */
  known(key: string): readonly string[] | undefined {
    const hash = tagHashOf(key);
    return hash === undefined ? NONE : this.#known.get(hash);
  }

  /** In their order; those that can be found, of what is gone or has been renamed. */
  async of(key: string): Promise<readonly string[]> {
    for (const prepare of [async () => {}, async () => sleep(SOON_MS), async () => this.#scan()]) {
      await prepare();
      const found = inTagOrder(await this.#find(key), key);
      if (found === undefined) continue;
      this.#remember(tagHashOf(key)!, found);
      return found;
    }

    return this.#find(key);
  }

  async #find(key: string): Promise<readonly string[]> {
    const names = [...this.#names];
    const member = this.#texts.pack(key);
    const scores = await this.#connection.batch(
      names.map((name) => ['ZSCORE', this.#keys.full(tagSetKey(name)), member]),
    );
    return names.filter((_, index) => scores[index] !== null && !(scores[index] instanceof Error));
  }

  #remember(hash: string, names: readonly string[]): void {
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.set(hash, names);
  }

  async #scan(): Promise<void> {
    if (performance.now() - this.#scannedAt < SCAN_PAUSE_MS) return;
    this.#scannedAt = performance.now();
    for await (const page of scan(this.#connection, this.#keys, undefined, TAG_SET_HEAD)) {
      for (const full of page) this.heardOf(this.#keys.short(full));
    }
  }
}

const NONE: readonly string[] = [];
