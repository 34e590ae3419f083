import type { Codec } from '../../codecs/codec.js';
import type { SqliteProfile } from '../../profiles/profile.js';
import type { OpenOptions, Store } from '../contract/store.js';
import type { SqliteContext } from './context.js';

import { defineStore } from '../define-store.js';
import { EitherLock } from '../locks/either-lock.js';
import { isScheduleMutex } from '../locks/names.js';
import { OpenWaits } from '../locks/waiters.js';
import { Connection } from './connection.js';
import { Entries } from './entries.js';
import { EVENT_SOURCES } from './events/sources.js';
import { SqliteLock } from './locks/lock.js';
import { missingPlace } from './missing-place.js';
import { Tables } from './tables.js';
import { SqliteTagged } from './tags/tagged.js';

/**
 * The cache of Laravel's database driver in an SQLite file. Opens on first use. The first write creates the file with
 * its folder and tables. An existing file keeps its journal mode; a new one is in WAL mode and readable only by its
 * user. A TTL of more than five years reads as forever, which Laravel writes as ten years.
 */
export function openSqlite(profile: SqliteProfile, codec: Codec, { timeoutMs }: OpenOptions): Store {
  const { path, prefix } = profile;
  const connection = new Connection(path, timeoutMs);
  const tables = new Tables(connection, profile);
  const context: SqliteContext = { connection, tables, profile, codec, prefix, timeoutMs };
  const waits = new OpenWaits();
  return defineStore({
    driver: 'sqlite',
    location: path,
    prefix,
    traits: { ttls: true, listingPlaces: true, countsTagged: true, lockStorage: 'separate' },
    context,
    entries: new Entries(context),
    tags: (names) => new SqliteTagged(context, names),
    lock(name) {
      const lock = new SqliteLock(context, name, waits);
      if (!isScheduleMutex(name)) return lock;
      return new EitherLock(name, lock, new SqliteLock(context, name, waits, 'cache'));
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
      rename: async () => (await import('./rename.js')).rename,
      tagIndex: async () => (await import('./tags/index.js')).openTagIndex,
      locks: async () => (await import('./locks/list.js')).heldLocks,
      stats: async () => (await import('./stats.js')).stats,
      checkConnection: async () => (await import('./doctor/connectivity.js')).checkConnection,
      diagnose: async () => (await import('./doctor/diagnosis.js')).diagnose,
      unmade: async () => (await import('./doctor/diagnosis.js')).unmade,
      // Every command calls it, so it is not loaded lazily.
      doubt: async () => missingPlace,
    },
    async close() {
      await waits.end();
      connection.close();
    },
  });
}
