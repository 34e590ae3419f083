import type { StoreOptions } from '../../src/testing/harness.js';

import { openCodec } from '../../src/codecs/open.js';
import { EVENTS } from '../../src/stores/memcached/events/sources.js';
import { openMemcached } from '../../src/stores/memcached/store.js';
import { describeStore } from '../../src/testing/suite.js';
import { memcachedProfile, type MemcachedServer, startMemcached } from '../support/memcached-server.js';

const servers: MemcachedServer[] = [];

function profile({ prefix }: StoreOptions) {
  return memcachedProfile(
    servers.map(({ port }) => port),
    prefix,
  );
}

describeStore('three memcached servers', {
  traits: { ttls: true, idleTimes: true, lockStorage: 'among-entries', keyBytes: 250 },

  has: ['keys', 'entries', 'flushOnly', 'sample', 'stats', 'inspect', 'tags', 'tagIndex', 'lock', 'locks'],

  eventSources: [{ name: 'watch', types: EVENTS, clients: true, tags: false }],

  countsBelowZero: false,

  async before(context) {
    // With an option, so that each is a server of its own.
    while (servers.length < 3) servers.push(await startMemcached(context, '-m', '64'));
  },

  async after() {
    await Promise.all(servers.map((server) => server.stop()));
  },

  async open(options) {
    return openMemcached(profile(options), openCodec('php'), { timeoutMs: 60_000 });
  },

  profile,
});
