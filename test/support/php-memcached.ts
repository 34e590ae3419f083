import type { MemcachedServer } from './memcached-server.js';
import type { PhpCacheSettings, PhpPeer } from './php-peer.js';

import { oursAt, type Shared } from './php-shared.js';

/** Settings shared by the application and cachectl. */
export interface PhpMemcachedOptions {
  readonly serializer?: 'igbinary' | 'json' | 'msgpack' | 'php' | undefined;
  readonly compression?: 'fastlz' | 'none' | 'zlib' | undefined;
  readonly distribution?: 'ketama' | 'modulo' | undefined;
  /** Weights of the servers, in their order. Default: Laravel's 100 each, and none for cachectl. */
  readonly weights?: readonly number[] | undefined;
}

/** The prefix of the application's cache. Laravel 8 appends a colon. */
export const PREFIX = 'shop-cache';

/** Share Memcached servers between an application and cachectl with the same settings. */
export async function shareMemcached(
  php: PhpPeer,
  servers: readonly MemcachedServer[],
  options: PhpMemcachedOptions = {},
): Promise<Shared> {
  const item = async (key: string) => {
    const found = await Promise.all(servers.map(async (server) => readItem(server, `${PREFIX}:${key}`)));
    return found.find((each) => each !== undefined);
  };

  return {
    php,
    theirs: php.cache(settingsOf(servers, options)),
    ...(await oursAt({ url: urlOf(servers, options) })),
    async raw(key) {
      const read = await item(key);
      return read && `flags ${read.flags}: ${withoutStream(read)}`;
    },
    async ttl(key) {
      const { ttl } = (await item(key))!;
      return ttl === -1 ? null : ttl;
    },
  };
}

function settingsOf(servers: readonly MemcachedServer[], options: PhpMemcachedOptions): PhpCacheSettings {
  const { compression, distribution, serializer, weights } = options;
  return {
    store: 'memcached',
    servers: servers.map(({ port }, index) => ({ host: '127.0.0.1', port, weight: weights?.[index] ?? 100 })),
    prefix: PREFIX,
    options: {
      ...(serializer && { SERIALIZER: `SERIALIZER_${serializer.toUpperCase()}` }),
      ...(compression === 'none' && { COMPRESSION: false }),
      ...(compression && compression !== 'none' && { COMPRESSION_TYPE: `COMPRESSION_${compression.toUpperCase()}` }),
      ...(distribution === 'ketama' && { LIBKETAMA_COMPATIBLE: true }),
    },
  };
}

function urlOf(
  servers: readonly MemcachedServer[],
  { compression, distribution, serializer, weights }: PhpMemcachedOptions,
): string {
  const places = servers.map(({ address }, index) => `${address}${weights ? `:${weights[index]}` : ''}`);
  // getMulti and setMulti of php-memcached take keys that are not ASCII.
  const given = Object.entries({ compression, distribution, serializer }).filter(([, value]) => value !== undefined);
  return `memcached://${places.join(',')}?${new URLSearchParams({ prefix: `${PREFIX}:`, unicodeKeys: 'true', ...Object.fromEntries(given) })}`;
}

interface Item {
  readonly flags: number;
  /** Seconds; -1 for never. */
  readonly ttl: number;
  readonly data: Buffer;
}

const COMPRESSED = 16;
const LENGTH_BYTES = 4;

/** For compressed values, the original length: compressors may find different matches. */
function withoutStream({ flags, data }: Item): string {
  return (flags & COMPRESSED ? data.subarray(0, LENGTH_BYTES) : data).toString('latin1');
}

/** Read an item of a server with a meta command. */
async function readItem(server: MemcachedServer, key: string): Promise<Item | undefined> {
  const answer = Buffer.from(await server.say(`mg ${key} f t v\r\nmn`, /MN\r\n$/), 'latin1');
  const end = answer.indexOf('\r\n');
  const [, size, flags, ttl] = /^VA (\d+) f(\d+) t(-?\d+)$/.exec(answer.subarray(0, end).toString()) ?? [];
  if (size === undefined) return undefined;
  const data = answer.subarray(end + 2, end + 2 + Number(size));
  return { flags: Number(flags), ttl: Number(ttl), data };
}
