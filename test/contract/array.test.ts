import type { EventType } from '../../src/stores/contract/events.js';
import type { Store } from '../../src/stores/contract/store.js';

import { openCodec } from '../../src/codecs/open.js';
import { Memory } from '../../src/stores/array/memory.js';
import { openArray } from '../../src/stores/array/store.js';
import { describeStore } from '../../src/testing/suite.js';

const EVENTS: readonly EventType[] = [
  'CacheHit',
  'CacheMissed',
  'KeyWritten',
  'KeyForgotten',
  'KeyExpired',
  'LockAcquired',
  'LockContended',
  'LockReleased',
  'CacheFlushed',
];

const memory = new Memory();

// No `profile`: what is in memory is not shared by processes.
describeStore('array', {
  capabilities: {
    listing: true,
    ttls: true,
    tags: true,
    countsTagged: true,
    tagListing: 'members',
    locks: true,
    lockMilliseconds: true,
    lockListing: true,
    lockWaiters: true,
    events: EVENTS,
    eventSources: [{ name: 'memory', types: EVENTS, clients: false, tags: true }],
    locksToldFromEntries: 'apart',
  },

  inspects: true,

  has: ['entries', 'flushOnly', 'sample', 'stats'],

  async before() {
    // Memory is there already.
  },

  async after() {
    // It goes with the process.
  },

  async open({ prefix }): Promise<Store> {
    const profile = { driver: 'array', name: 'test', prefix, codec: 'php', protected: false } as const;
    return openArray(profile, openCodec('php'), memory);
  },
});
