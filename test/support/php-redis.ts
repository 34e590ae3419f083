import type { PhpPeer } from './php-peer.js';
import type { RedisServer } from './redis-server.js';

import { oursAt, type Shared } from './php-shared.js';

/** phpredis's options. */
export interface PhpRedisOptions {
  readonly serializer?: 'igbinary' | 'json' | 'msgpack' | 'php' | undefined;
  readonly compression?: 'lz4' | 'lzf' | 'zstd' | undefined;
}

const CONNECTION_PREFIX = 'shop-database-';
/** Laravel 8 appends a colon. */
const PREFIX = 'shop-cache';
const FULL_PREFIX = `${CONNECTION_PREFIX}${PREFIX}:`;

/** Share a Redis between an application and cachectl with the same settings. */
export async function shareRedis(php: PhpPeer, server: RedisServer, options: PhpRedisOptions = {}): Promise<Shared> {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const query = new URLSearchParams({ connectionPrefix: CONNECTION_PREFIX, prefix: `${PREFIX}:`, ...given });
  return {
    php,
    theirs: php.cache({
      store: 'redis',
      port: server.port,
      connectionPrefix: CONNECTION_PREFIX,
      prefix: PREFIX,
      ...given,
    }),
    ...(await oursAt({ url: `${server.url}?${query}` })),
    raw: async (key) => (await server.client.getBuffer(FULL_PREFIX + key))?.toString('latin1'),
    async ttl(key) {
      const seconds = await server.client.ttl(FULL_PREFIX + key);
      return seconds === -1 ? null : seconds;
    },
  };
}
