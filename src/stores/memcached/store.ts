import type { Codec } from '../../codecs/codec.js';
import type { MemcachedProfile } from '../../profiles/profile.js';
import type { Limits } from '../contract/operations.js';
import type { Store } from '../contract/store.js';
import type { NetworkOptions } from '../network/tunnel.js';
import type { MemcachedContext } from './context.js';

import { defineStore, type Parts } from '../define-store.js';
import { Connection } from './connection.js';
import { Entries } from './entries.js';
import { EVENT_SOURCES } from './events/sources.js';
import { Keys, MAX_KEY } from './keys.js';
import { MemcachedLock } from './locks/lock.js';
import { MemcachedTagged } from './tags/tagged.js';
import { Values } from './values.js';

/** The cache of Laravel's Memcached driver, on one server or several. Connects on first use. */
export function openMemcached(profile: MemcachedProfile, codec: Codec, { timeoutMs, tunnel }: NetworkOptions): Store {
  const keys = new Keys(profile);
  const connection = new Connection(profile, timeoutMs, tunnel);
  const { prefix } = keys;
  const context: MemcachedContext = { connection, keys, values: new Values(codec, profile), prefix, timeoutMs };
  // Without meta commands, keys cannot be listed and TTLs cannot be read.
  const hasMetaCommands = connection.metaNodes.length > 0;
  return defineStore({
    driver: 'memcached',
    location: connection.location,
    prefix,
    traits: {
      ttls: hasMetaCommands,
      ...(hasMetaCommands && { idleTimes: true }),
      lockStorage: 'among-entries',
      keyBytes: MAX_KEY,
    },
    ...(!hasMetaCommands && { limits: limitsOf(connection.protocol) }),
    context,
    entries: new Entries(context),
    tags: (names) => new MemcachedTagged(context, names),
    lock: (name) => new MemcachedLock(context, name),
    ...(hasMetaCommands && {
      events: { sources: EVENT_SOURCES, open: async () => (await import('./events/open.js')).tail },
    }),
    parts: { ...PARTS, ...(connection.protocol !== 'classic' && STATS_PART), ...(hasMetaCommands && META_PARTS) },
    async close() {
      connection.close();
    },
  });
}

const PARTS: Parts<MemcachedContext> = {
  flush: async () => (await import('./listing/flush.js')).flush,
  inspect: async () => (await import('./inspection.js')).inspect,
  checkConnection: async () => (await import('./doctor/connectivity.js')).checkConnection,
  diagnose: async () => (await import('./doctor/diagnosis.js')).diagnose,
  serverTime: async () => (await import('./server-time.js')).serverTime,
};

/** Not through a proxy, which has no statistics of the servers behind it. */
const STATS_PART: Partial<Parts<MemcachedContext>> = {
  stats: async () => (await import('./stats.js')).stats,
};

const META_PARTS: Partial<Parts<MemcachedContext>> = {
  keys: async () => (await import('./listing/keys.js')).entryKeys,
  count: async () => (await import('./listing/counting.js')).countEntries,
  entries: async () => (await import('./listing/entries.js')).listEntries,
  flushOnly: async () => (await import('./listing/flush-only.js')).flushOnly,
  sample: async () => (await import('./listing/sample.js')).sample,
  tagIndex: async () => (await import('./tags/index.js')).openTagIndex,
  locks: async () => (await import('./locks/list.js')).listLocks,
  watchLocks: async () => (await import('./locks/watch.js')).watchLocks,
};

/** Neither SASL's binary protocol nor a proxy supports meta commands and `watch`. */
function limitsOf(protocol: Connection['protocol']): Limits {
  return protocol === 'classic'
    ? {
        reason: 'with protocol: classic',
        hint: 'Use a profile of the Memcached servers behind the proxy. get, put, forget, tags and locks work here.',
      }
    : {
        reason: 'behind SASL',
        hint: 'Use protocol: text if the server has text authentication (-Y). get, put, forget, tags:flush, locks and flush --all work here.',
      };
}
