import type { RedisProfile } from '../../src/profiles/profile.js';
import type { StoreOptions } from '../../src/testing/harness.js';
import type { RedisServer } from '../support/redis-server.js';

import { openCodec } from '../../src/codecs/open.js';
import { EVENT_SOURCES } from '../../src/stores/redis/events/sources.js';
import { openRedis } from '../../src/stores/redis/store.js';
import { ABILITIES } from '../../src/testing/harness.js';
import { describeStore } from '../../src/testing/suite.js';
import { startRedis } from '../support/redis-server.js';

/** Run the contract suite on one Redis. @param packing the options of phpredis */
export function describeRedis(name: string, packing: Pick<RedisProfile, 'compression' | 'serializer'> = {}): void {
  let server: RedisServer;

  const profile = ({ prefix }: StoreOptions): RedisProfile => ({
    driver: 'redis',
    name: 'test',
    prefix,
    connectionPrefix: 'app-database-',
    codec: 'php',
    protected: false,
    connection: { kind: 'server', nodes: [{ host: '127.0.0.1', port: server.port }], database: 0 },
    ...packing,
  });

  describeStore(name, {
    traits: {
      listingPlaces: true,
      ttls: true,
      idleTimes: true,
      countsTagged: true,
      lockMilliseconds: true,
      lockStorage: 'among-entries',
    },

    has: ABILITIES,

    eventSources: EVENT_SOURCES,

    async before(context) {
      server = await startRedis(context);
    },

    async after() {
      await server?.stop();
    },

    async open(options) {
      return openRedis(profile(options), openCodec('php'), { timeoutMs: 60_000 });
    },

    profile,
  });
}
