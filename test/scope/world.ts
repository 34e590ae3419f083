import type { Profile } from '../../src/profiles/profile.js';
import type { Store } from '../../src/stores/contract/store.js';

import { string } from '../../src/codecs/value.js';
import { RefusedError, UsageError } from '../../src/errors.js';
import { openStore } from '../../src/stores/open.js';

/** A record of a store as another client reads it, without cachectl. */
export interface RawRecord {
  /** The table, collection or other place. Locks have a place of their own on some stores. */
  readonly place: 'entries' | 'locks' | 'tags';
  /** The stored key. */
  readonly key: Buffer;
  /** In `tags` on SQL: the stored tag. */
  readonly tag?: Buffer;
  /** Everything else, such as value, flags and expiry. */
  readonly content: string;
}

/** A store under test. */
export interface Ground {
  /** The operations of the store. */
  readonly has: ReadonlySet<Ability>;
  profile(prefix: string): Profile;
  /** Between the prefix and the name of a lock. */
  readonly lockHead?: string;
  /** Everything that the server holds. */
  records(): Promise<readonly RawRecord[]>;
  /** Store a record that no cache wrote. */
  plant?(key: string): Promise<void>;
  /** On stores that hash keys: stored keys that `records` may find. */
  expect?(keys: readonly string[]): void;
  clear(): Promise<void>;
}

export type Ability = 'flushTagged' | 'list' | 'lock' | 'tags';

/** An application: a prefix, and what it stored. */
export interface Application {
  readonly prefix: string;
  readonly keys: readonly string[];
  readonly tagged: ReadonlyArray<{ readonly tags: readonly string[]; readonly key: string }>;
  readonly locks: ReadonlyArray<{ readonly name: string; readonly owner: string }>;
}

/** Applications that share a server, with an open store for each. */
export class World {
  readonly ground: Ground;
  readonly applications: readonly Application[];
  readonly #stores = new Map<string, Store>();

  constructor(ground: Ground, applications: readonly Application[]) {
    this.ground = ground;
    this.applications = applications;
  }

  /** Store the entries of the applications, except those that the store refuses (a spelling that is taken). */
  async fill(): Promise<void> {
    for (const { prefix, keys, tagged, locks } of this.applications) {
      const store = await this.store(prefix);
      for (const key of keys) await unlessRefused(store.put(key, string(`${prefix}|${key}`), 5000));
      if (this.ground.has.has('tags')) {
        for (const { tags, key } of tagged) await unlessRefused(store.tags(tags).put(key, string(key), 5000));
      }

      if (this.ground.has.has('lock')) {
        for (const { name, owner } of locks) await unlessRefused(store.lock(name).acquire(owner, 5000));
      }
    }

    for (const { prefix } of this.applications) await this.ground.plant?.(`${prefix}of others`);
  }

  async store(prefix: string): Promise<Store> {
    const known = this.#stores.get(prefix);
    if (known !== undefined) return known;
    const store = await openStore(this.ground.profile(prefix), { timeoutMs: 20_000 });
    this.#stores.set(prefix, store);
    return store;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#stores.values()].map(async (store) => store.close()));
  }
}

/** For a collation, two keys may be equal, and a store may refuse a key. Neither concerns the scope. */
async function unlessRefused(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof UsageError) && !(error instanceof RefusedError)) throw error;
  }
}

/** A ground with the server that it runs on. */
export interface Started extends Ground {
  /** The share of worlds to test, if each takes long. Default: 1. */
  readonly share?: number;
  stop(): Promise<void>;
}

export const COMMON = { name: 'test', codec: 'php', protected: false } as const;
export const EVERYTHING: ReadonlySet<Ability> = new Set(['flushTagged', 'list', 'lock', 'tags']);
