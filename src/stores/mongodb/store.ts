import type { Codec } from '../../codecs/codec.js';
import type { MongodbProfile } from '../../profiles/profile.js';
import type { Store } from '../contract/store.js';
import type { NetworkOptions } from '../network/tunnel.js';
import type { MongodbContext } from './context.js';
import type { MongodbWaiting } from './locks/waiting.js';

import { defineStore } from '../define-store.js';
import { EitherLock } from '../locks/either-lock.js';
import { isScheduleMutex } from '../locks/names.js';
import { OpenWaits } from '../locks/waiters.js';
import { Connection } from './connection.js';
import { Entries } from './entries.js';
import { EVENT_SOURCES } from './events/sources.js';
import { HeldDocument } from './locks/held-document.js';
import { MongodbLock } from './locks/lock.js';
import { MongodbTagged } from './tags/tagged.js';

/**
 * The cache of mongodb/laravel-mongodb. Connects on first use. The first write creates collections, but no indexes. A
 * TTL of more than five years reads as forever, which Laravel writes as ten years.
 */
export function openMongodb(profile: MongodbProfile, codec: Codec, { timeoutMs, tunnel }: NetworkOptions): Store {
  const { prefix } = profile;
  const connection = new Connection(profile, timeoutMs, tunnel);
  const context: MongodbContext = { connection, codec, prefix };
  const waits = new OpenWaits<MongodbWaiting>();
  return defineStore({
    driver: 'mongodb',
    location: connection.location,
    prefix,
    traits: {
      ttls: true,
      listingPlaces: true,
      countsTagged: true,
      lockMilliseconds: true,
      lockStorage: 'separate',
    },
    context,
    entries: new Entries(context),
    tags: (names) => new MongodbTagged(context, names),
    lock(name) {
      const lock = new MongodbLock(context, name, waits);
      return isScheduleMutex(name) ? new EitherLock(name, lock, new HeldDocument(context, name, 'entries')) : lock;
    },
    events: { sources: EVENT_SOURCES, open: async () => (await import('./events/open.js')).tail },
    parts: {
      keys: async () => (await import('./listing/keys.js')).entryKeys,
      count: async () => (await import('./listing/counting.js')).countEntries,
      entries: async () => (await import('./listing/entries.js')).listEntries,
      flush: async () => (await import('./listing/flush.js')).flush,
      flushOnly: async () => (await import('./listing/flush-only.js')).flushOnly,
      sample: async () => (await import('./listing/sample.js')).sample,
      inspect: async () => (await import('./inspection.js')).inspect,
      tagIndex: async () => (await import('./tags/index.js')).openTagIndex,
      locks: async () => (await import('./locks/list.js')).heldLocks,
      stats: async () => (await import('./stats/stats.js')).stats,
      serverTime: async () => serverTime,
      checkConnection: async () => (await import('./doctor/connectivity.js')).checkConnection,
      diagnose: async () => (await import('./doctor/diagnosis.js')).diagnose,
      unmade: async () => (await import('./missing-collection.js')).unmade,
      doubt: async () => (await import('./layout.js')).layoutDoubt,
    },
    async close() {
      await waits.end();
      await connection.close();
    },
  });
}

async function serverTime({ connection }: MongodbContext): Promise<number> {
  return connection.run(async ({ now }) => now());
}
