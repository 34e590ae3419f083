import type { Codec } from '../../codecs/codec.js';
import type { SqlConnection, SqlProfile } from '../../profiles/profile.js';
import type { Store } from '../contract/store.js';
import type { NetworkOptions, Tunnel } from '../network/tunnel.js';
import type { SqlContext } from './context.js';
import type { Dialect } from './dialect.js';
import type { Server } from './session.js';

import { defineStore, type EventsPart, type Parts } from '../define-store.js';
import { EitherLock } from '../locks/either-lock.js';
import { isScheduleMutex } from '../locks/names.js';
import { OpenWaits } from '../locks/waiters.js';
import { Connection } from './connection.js';
import { Entries } from './entries.js';
import { SqlLock } from './locks/lock.js';
import { Tables } from './tables.js';
import { SqlTagged } from './tags/tagged.js';
import { ColumnCodec } from './values.js';

/** The driver-specific parts of a store. */
export interface SqlDriver {
  readonly dialect: Dialect;
  readonly events: EventsPart<SqlContext>;
  /** In place of the shared ones. */
  readonly parts?: Pick<Parts<SqlContext>, 'diagnose'>;
  server(place: SqlConnection, tunnel?: Tunnel): Server;
}

/**
 * Laravel's `database` store on an SQL server. Connects on first use, and creates no table unasked. The server's clock
 * decides what has expired. A TTL of more than five years reads as forever, which Laravel writes as ten.
 */
export function openSqlStore(
  { dialect, events, parts, server }: SqlDriver,
  profile: SqlProfile,
  codec: Codec,
  { timeoutMs, tunnel, mayCreate }: NetworkOptions,
): Store {
  const { prefix } = profile;
  const entries = new Connection(server(profile.connection, tunnel), timeoutMs);
  const locks = profile.locks === undefined ? entries : new Connection(server(profile.locks, tunnel), timeoutMs);
  const tables = new Tables(dialect, profile, entries, locks);
  const values = dialect.wrapsNul ? new ColumnCodec(codec) : codec;
  const context: SqlContext = { dialect, entries, locks, tables, profile, codec, values, prefix, mayCreate };
  const waits = new OpenWaits();
  return defineStore({
    driver: dialect.driver,
    location: entries.location,
    ...(profile.locks && { lockLocation: locks.location }),
    prefix,
    traits: { ttls: true, listingPlaces: true, countsTagged: true, lockStorage: 'separate' },
    context,
    entries: new Entries(context),
    tags: (names) => new SqlTagged(context, names),
    lock(name) {
      const lock = new SqlLock(context, name, waits);
      if (!isScheduleMutex(name)) return lock;
      return new EitherLock(name, lock, new SqlLock(context, name, waits, 'cache'));
    },
    events,
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
      checkConnection: async () => (await import('./doctor/connectivity.js')).checkConnection,
      diagnose: async () => (await import('./doctor/diagnosis.js')).diagnose,
      unmade: async () => (await import('./doctor/diagnosis.js')).unmade,
      stats: async () => (await import('./stats.js')).stats,
      serverTime: async () => (await import('./server-time.js')).serverTime,
      ...parts,
    },
    async close() {
      await waits.end();
      await entries.close();
      if (locks !== entries) await locks.close();
    },
  });
}
