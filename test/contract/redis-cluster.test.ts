import type { RedisProfile } from '../../src/profiles/profile.js';
import type { StoreOptions } from '../../src/testing/harness.js';
import type { RedisCluster } from '../support/redis-cluster.js';

import { openCodec } from '../../src/codecs/open.js';
import { EVENT_SOURCES } from '../../src/stores/redis/events/sources.js';
import { openRedis } from '../../src/stores/redis/store.js';
import { ABILITIES } from '../../src/testing/harness.js';
import { describeStore } from '../../src/testing/suite.js';
import { startRedisCluster } from '../support/redis-cluster.js';

let cluster: RedisCluster;

function profile({ prefix }: StoreOptions): RedisProfile {
  return {
    driver: 'redis',
    name: 'test',
    prefix,
    connectionPrefix: 'app-database-',
    codec: 'php',
    protected: false,
    connection: {
      kind: 'cluster',
      nodes: cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
      database: 0,
    },
  };
}

describeStore('redis cluster', {
  traits: {
    listingPlaces: false,
    ttls: true,
    idleTimes: true,
    countsTagged: true,
    lockMilliseconds: true,
    lockStorage: 'among-entries',
  },

  has: ABILITIES,

  eventSources: EVENT_SOURCES,

  async before(context) {
    // cachectl does not turn on the notifications of a cluster.
    cluster = await startRedisCluster(context, '--notify-keyspace-events', 'KEAm');
  },

  async after() {
    await cluster?.stop();
  },

  async open(options) {
    return openRedis(profile(options), openCodec('php'), { timeoutMs: 60_000 });
  },

  profile,
});
