import type { Codec } from '../../codecs/codec.js';
import type { RedisProfile } from '../../profiles/profile.js';
import type { Lock, Store } from '../contract/store.js';
import type { NetworkOptions } from '../network/tunnel.js';
import type { RedisContext } from './context.js';

import { defineStore } from '../define-store.js';
import { EitherLock } from '../locks/either-lock.js';
import { isLaravelLockName } from '../locks/names.js';
import { Connection } from './connection.js';
import { Entries } from './entries.js';
import { EVENT_SOURCES } from './events/sources.js';
import { Keys } from './keys.js';
import { RedisLock } from './locks/lock.js';
import { keepsLocksApart } from './locks/places.js';
import { openPacking } from './packing.js';
import { RedisTagged } from './tags/tagged.js';

/** A cache of Laravel's Redis driver. Connects on first use. Locks may have a separate connection. */
export async function openRedis(
  profile: RedisProfile,
  codec: Codec,
  { timeoutMs, tunnel }: NetworkOptions,
): Promise<Store> {
  const keys = new Keys(profile);
  const options = { timeoutMs, prefix: keys.prefix, tunnel };
  const connection = new Connection(profile.connection, options);
  const lockConnection = profile.locks === undefined ? connection : new Connection(profile.locks, options);
  const { prefix } = profile;
  const context: RedisContext = {
    connection,
    lockConnection,
    keys,
    packing: await openPacking(profile, codec),
    prefix,
  };
  const hasLocksApart = keepsLocksApart(context);
  return defineStore({
    driver: 'redis',
    location: locationOf(context),
    ...(hasLocksApart && { lockLocation: lockConnection.location }),
    prefix,
    traits: {
      ttls: true,
      idleTimes: true,
      listingPlaces: !connection.isCluster,
      countsTagged: true,
      lockMilliseconds: true,
      lockStorage: hasLocksApart ? 'separate' : 'among-entries',
    },
    context,
    entries: new Entries(context),
    tags: (names) => new RedisTagged(context, names),
    lock: (name) => lockOf(context, name),
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
      locks: async () => (await import('./locks/list.js')).listLocks,
      watchLocks: async () => (await import('./locks/watch.js')).watchLocks,
      stats: async () => (await import('./stats/stats.js')).stats,
      checkConnection: async () => (await import('./doctor/connectivity.js')).checkConnection,
      diagnose: async () => (await import('./doctor/diagnosis.js')).diagnose,
      serverTime: async () => (await import('./server-time.js')).serverTime,
    },
    async reconnect(options) {
      await Promise.all([connection.reconnect(options), lockConnection.reconnect(options)]);
    },
    async close() {
      await Promise.all([connection.close(), lockConnection.close()]);
    },
  });
}

/** Even if locks are stored separately, a lock with a name of Laravel's may be among the entries. */
function lockOf(context: RedisContext, name: string): Lock {
  const lock = new RedisLock(context, name);
  if (!keepsLocksApart(context) || !isLaravelLockName(name)) return lock;
  return new EitherLock(name, lock, new RedisLock({ ...context, lockConnection: context.connection }, name));
}

/** Includes the connection prefix, which also limits the keys in scope. */
function locationOf({ connection, keys, prefix }: RedisContext): string {
  const connectionPrefix = keys.prefix.slice(0, keys.prefix.length - prefix.length);
  return connection.location + (connectionPrefix === '' ? '' : `, connection prefix ${connectionPrefix}`);
}
