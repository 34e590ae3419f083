import type { StoreOptions } from '../../src/testing/harness.js';

import { openCodec } from '../../src/codecs/open.js';
import { openMemcached } from '../../src/stores/memcached/store.js';
import { describeStore } from '../../src/testing/suite.js';
import { type Deployment, startPool, startTwemproxy } from '../support/memcached-deployments.js';
import { memcachedProfile, type MemcachedServer } from '../support/memcached-server.js';

let servers: readonly MemcachedServer[] = [];
let proxy: Deployment;

function profile({ prefix }: StoreOptions) {
  const port = Number(proxy.url.split(':').at(-1));
  return memcachedProfile([port], prefix, { protocol: 'classic' });
}

describeStore('memcached behind twemproxy', {
  traits: { ttls: false, lockStorage: 'among-entries', keyBytes: 250 },

  has: ['inspect', 'tags', 'lock'],

  countsBelowZero: false,

  flushesAll: false,

  async before(context) {
    servers = await startPool(context, 2);
    proxy = await startTwemproxy(context, servers);
  },

  async after() {
    await proxy?.stop();
    await Promise.all(servers.map((server) => server.stop()));
  },

  async open(options) {
    return openMemcached(profile(options), openCodec('php'), { timeoutMs: 60_000 });
  },

  profile,
});
