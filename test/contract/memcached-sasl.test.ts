import type { StoreOptions } from '../../src/testing/harness.js';

import { openCodec } from '../../src/codecs/open.js';
import { openMemcached } from '../../src/stores/memcached/store.js';
import { describeStore } from '../../src/testing/suite.js';
import { type SaslMemcached, startSaslMemcached } from '../support/memcached-sasl.js';
import { memcachedProfile } from '../support/memcached-server.js';

let server: SaslMemcached;

function profile({ prefix }: StoreOptions) {
  const { port, username, password } = server;
  return memcachedProfile([port], prefix, { username, password });
}

describeStore('memcached behind SASL', {
  traits: { ttls: false, lockStorage: 'among-entries', keyBytes: 250 },

  has: ['stats', 'inspect', 'tags', 'lock'],

  countsBelowZero: false,

  async before(context) {
    server = await startSaslMemcached(context);
  },

  async after() {
    await server?.stop();
  },

  async open(options) {
    return openMemcached(profile(options), openCodec('php'), { timeoutMs: 60_000 });
  },

  profile,
});
