// @ts-check
import { batches, globMatcher, increased, keyFromBytes, keyToBytes, literalHead } from 'cachectl';

import { expiryOf, isLive, ttlOf } from './records.mjs';

/**
 * @import { Codec, DriverStore, Entry } from 'cachectl'
 * @import { Held, Records } from './records.mjs'
 * @typedef {{ prefix: string, codec: Codec, entries: Records, locks: Records }} Parts
 */

/** @type {(parts: Parts & Pick<DriverStore, 'close' | 'location'>) => DriverStore} */
export function lmdbStore({ location, prefix, codec, entries, locks, close }) {
  /** @param {string} key */
  const at = (key) => keyToBytes(prefix + key);

  /** @type {(held: Held) => Entry} */
  const entryOf = (held) => ({ stored: held.value, ttl: ttlOf(held), decode: () => codec.decode(held.value) });

  /** @param {string} key */
  const read = (key) => {
    const held = entries.get(at(key));
    return held && entryOf(held);
  };

  async function* matching(pattern = '*') {
    const matches = globMatcher(pattern);
    for await (const page of entries.pages(at(literalHead(pattern)))) {
      const live = page.filter((held) => isLive(held));
      const keyed = live.map((held) => ({ key: keyFromBytes(held.key).slice(prefix.length), held }));
      yield keyed.filter(({ key }) => matches(key));
    }
  }

  return {
    driver: 'lmdb-store',
    location,
    prefix,
    traits: { ttls: true, lockStorage: 'separate', lockMilliseconds: true },
    close,

    get: async (key) => read(key),
    many: async (keys) => keys.map((key) => read(key)),

    async put(key, value, ttl) {
      const stored = codec.encode(value);
      await entries.transaction(() => entries.put(at(key), stored, expiryOf(ttl)));
    },

    async putMany(newEntries, { signal, onProgress } = {}) {
      let done = 0;
      signal?.throwIfAborted();
      for await (const batch of batches(newEntries, (value) => codec.encode(value))) {
        await entries.transaction(() => {
          for (const { key, stored, ttl } of batch) entries.put(at(key), stored, expiryOf(ttl));
        });
        done += batch.length;
        onProgress?.({ done });
        signal?.throwIfAborted();
      }

      return done;
    },

    async add(key, value, ttl) {
      const stored = codec.encode(value);
      return entries.transaction(() => entries.add(at(key), stored, expiryOf(ttl)));
    },

    async increment(key, by) {
      return entries.transaction(() => {
        const held = entries.get(at(key));
        const sum = increased(key, by, held && (() => codec.decode(held.value)));
        entries.put(at(key), codec.encode({ type: 'integer', value: sum }), held?.expiry ?? expiryOf(null));
        return sum;
      });
    },

    touch: async (key, ttl) => entries.transaction(() => entries.touch(at(key), expiryOf(ttl))),

    forget: async (keys) => entries.transaction(() => keys.map((key) => entries.remove(at(key)) !== undefined)),

    async pull(key) {
      const held = await entries.transaction(() => entries.remove(at(key)));
      return held && entryOf(held);
    },

    async *keys(pattern) {
      for await (const page of matching(pattern)) yield* page.map(({ key }) => key);
    },

    async *entries({ pattern, contents, signal } = {}) {
      for await (const page of matching(pattern)) {
        signal?.throwIfAborted();
        yield page.map(({ key, held }) => {
          const about = { key, size: held.value.length, ttl: ttlOf(held) };
          return contents ? { ...about, reading: entryOf(held) } : about;
        });
      }
    },

    async flush({ scope, locks: withLocks, dryRun, signal, onProgress }) {
      const head = keyToBytes(scope === 'all' ? '' : prefix);
      let removed = 0;
      let keptLocks = 0;
      signal?.throwIfAborted();
      for (const records of [entries, locks]) {
        const keeps = records === locks && scope === 'prefix' && !withLocks;
        for await (const page of records.pages(head)) {
          if (keeps) keptLocks += page.filter((held) => isLive(held)).length;
          else if (dryRun) removed += page.filter((held) => isLive(held)).length;
          else removed += await records.transaction(() => page.filter(({ key }) => records.remove(key)).length);
          onProgress?.({ done: removed });
          signal?.throwIfAborted();
        }
      }

      return { removed, keptLocks };
    },

    lock(name) {
      const key = at(name);
      /** @param {string} owner */
      const isHeldBy = (owner) => locks.get(key)?.value.toString() === owner;
      return {
        acquire: async (owner, ttl) => locks.transaction(() => locks.add(key, Buffer.from(owner), expiryOf(ttl))),
        release: async (owner) => locks.transaction(() => isHeldBy(owner) && locks.remove(key) !== undefined),
        forceRelease: async () => locks.transaction(() => locks.remove(key) !== undefined),
        refresh: async (owner, ttl) => locks.transaction(() => isHeldBy(owner) && locks.touch(key, expiryOf(ttl))),
        async holder() {
          const held = locks.get(key);
          return held && { owner: held.value.toString(), ttl: ttlOf(held), leftMs: held.expiry - Date.now() };
        },
      };
    },
  };
}
