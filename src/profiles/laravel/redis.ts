import type { Setting } from '../settings.js';
import type { ConfigArray, Traced } from './value.js';

import { ConfigError } from '../../errors.js';
import { arrayAt } from './php-config.js';
import { constant, Settings } from './settings.js';
import { at } from './value.js';

/** Constants of phpredis, by name and number. */
const SERIALIZERS = {
  SERIALIZER_IGBINARY: 'igbinary',
  SERIALIZER_JSON: 'json',
  SERIALIZER_MSGPACK: 'msgpack',
  SERIALIZER_PHP: 'php',
  1: 'php',
  2: 'igbinary',
  3: 'msgpack',
  4: 'json',
} as const;
const COMPRESSIONS = {
  COMPRESSION_LZ4: 'lz4',
  COMPRESSION_LZF: 'lzf',
  COMPRESSION_ZSTD: 'zstd',
  1: 'lzf',
  2: 'zstd',
  3: 'lz4',
} as const;

/** A `redis` store: its connection and the one for locks. */
export function redisSettings(settings: Settings, store: Traced, name: string): void {
  const redis = at(settings.application.database, 'redis');
  const path = `cache.stores.${name}`;
  const main = settings.text(at(store, 'connection'), `${path}.connection`) ?? 'default';
  const locks = settings.text(at(store, 'lock_connection'), `${path}.lock_connection`) ?? main;
  settings.put('driver', 'redis', at(store, 'driver'));
  const connection = connectionOf(settings, redis, main);
  for (const [key, setting] of connection.entries) settings.entries.set(key, setting);

  const client = settings.text(at(redis, 'client'), 'database.redis.client') ?? 'phpredis';
  const prefix =
    at(connection.config, 'prefix').value === null ? at(redis, 'options', 'prefix') : at(connection.config, 'prefix');
  settings.set('connectionPrefix', prefix, 'database.redis.options.prefix');
  if (client === 'phpredis') phpredisOptions(settings, redis, connection.config);
  if (locks === main) return;
  const apart = connectionOf(settings, redis, locks);
  const changed = [...apart.entries].filter(([key, setting]) => !isSame(setting, settings.entries.get(key)));
  const isOnlyDatabase = changed.every(([key]) => key === 'database') && apart.entries.size === connection.entries.size;
  const entries = isOnlyDatabase ? new Map(changed) : apart.entries;
  if (entries.size > 0) settings.putMap('locks', entries, at(store, 'lock_connection'));
}

interface Connection {
  readonly config: Traced;
  readonly entries: ReadonlyMap<string, Setting>;
}

function connectionOf(settings: Settings, redis: Traced, name: string): Connection {
  const config = at(redis, name);
  const found = new Settings(settings.application);
  if (config.value instanceof Map && !(config.value as ConfigArray).has('0')) {
    server(found, config, `database.redis.${name}`);
    return { config, entries: found.entries };
  }

  const nodes = config.value instanceof Map ? config : at(redis, 'clusters', name);
  const list = [...arrayAt(nodes).entries()].filter(([key]) => /^\d+$/.test(key)).map(([, node]) => node);
  if (list.length === 0) {
    throw new ConfigError(
      `the application has no Redis connection ${JSON.stringify(name)} (${config.from.place})`,
      `Connections: ${settings
        .namesAt(redis)
        .filter((key) => key !== 'client' && key !== 'options')
        .join(', ')}.`,
    );
  }

  severalServers(found, redis, name, list);
  return { config: list[0]!, entries: found.entries };
}

/** A cluster, or a primary by its sentinels (predis: `replication` is `sentinel`). */
function severalServers(found: Settings, redis: Traced, name: string, nodes: readonly Traced[]): void {
  const path = `database.redis.${name}`;
  const [first] = nodes as [Traced, ...Traced[]];
  const isSentinel =
    at(redis, 'options', 'replication').value === 'sentinel' || at(redis, 'options', 'service').value !== null;
  const places = nodes.map((node) => {
    const host = found.text(at(node, 'host'), `${path}.host`) ?? '127.0.0.1';
    const port = found.text(at(node, 'port'), `${path}.port`) ?? (isSentinel ? '26379' : '6379');
    return [`${bracketed(host.replace(/^(?:tls|tcp):\/\//, ''))}:${port}`, at(node, 'host')] as const;
  });
  found.putList(isSentinel ? 'sentinels' : 'cluster', places, first);
  if (isSentinel) found.set('primary', at(redis, 'options', 'service'), 'database.redis.options.service');
  found.set('username', at(first, 'username'), `${path}.username`);
  found.set('password', at(first, 'password'), `${path}.password`);
  if (isSentinel) found.set('database', at(first, 'database'), `${path}.database`);
  tls(found, at(first, 'host'), at(first, 'scheme'));
}

function server(found: Settings, config: Traced, path: string): void {
  const url = found.text(at(config, 'url'), `${path}.url`);
  if (url !== undefined) {
    // The URL's parts take precedence. Laravel fills in the others from the keys next to `url`.
    fromUrl(found, url, at(config, 'url'), path);
    for (const key of ['host', 'username', 'password', 'database', 'port'] as const) {
      if (!found.entries.has(key) && !found.entries.has('socket')) found.set(key, at(config, key), `${path}.${key}`);
    }

    return;
  }

  const host = found.text(at(config, 'host'), `${path}.host`) ?? '127.0.0.1';
  const socket = host.startsWith('/') ? host : found.text(at(config, 'path'), `${path}.path`);
  if (socket === undefined) {
    found.put('host', host.replace(/^(?:tls|tcp):\/\//, ''), at(config, 'host'));
    found.set('port', at(config, 'port'), `${path}.port`);
    tls(found, at(config, 'host'), at(config, 'scheme'));
  } else {
    found.put('socket', socket, at(config, 'host'));
  }

  for (const key of ['username', 'password', 'database'] as const) found.set(key, at(config, key), `${path}.${key}`);
}

function fromUrl(found: Settings, url: string, traced: Traced, path: string): void {
  let parts: URL;
  try {
    parts = new URL(url);
  } catch {
    throw new ConfigError(`${traced.from.place}: ${path}.url is not a URL`, 'Correct it: redis://host:6379/1');
  }

  if (parts.protocol === 'unix:') {
    throw new ConfigError(
      `${traced.from.place}: ${path}.url is a Unix socket, which Laravel does not take from a URL`,
      'Remove the URL, and write the path as host: REDIS_HOST=/run/redis.sock and REDIS_PORT=0.',
    );
  }

  const bare: Traced = { value: traced.value, from: { place: traced.from.place } };
  if (parts.hostname !== '') found.put('host', decodeURIComponent(parts.hostname).replace(/^\[(.*)\]$/, '$1'), bare);
  if (parts.port !== '') found.put('port', Number(parts.port), bare);
  if (parts.username !== '') found.put('username', decodeURIComponent(parts.username), bare);
  // Shown as the variable, because the URL contains the password.
  if (parts.password !== '') found.put('password', decodeURIComponent(parts.password), bare);
  const database = parts.pathname.replace(/^\//, '') || parts.searchParams.get('database');
  if (database) found.put('database', database, bare);
  if (parts.protocol === 'rediss:' || parts.protocol === 'tls:') found.put('tls', true, bare);
}

function tls(found: Settings, host: Traced, scheme: Traced): void {
  if (scheme.value === 'tls' || scheme.value === 'rediss') found.put('tls', true, scheme);
  else if (typeof host.value === 'string' && host.value.startsWith('tls://')) found.put('tls', true, host);
}

/** phpredis options: global ones and those of a connection. */
function phpredisOptions(settings: Settings, redis: Traced, connection: Traced): void {
  const option = (name: string): Traced => {
    const places = [at(connection, 'options', name), at(connection, name), at(redis, 'options', name)];
    return places.find(({ value }) => value !== null) ?? places.at(-1)!;
  };

  const serializer = constant(option('serializer').value, SERIALIZERS);
  if (serializer !== undefined) settings.put('serializer', serializer, option('serializer'));
  const compression = constant(option('compression').value, COMPRESSIONS);
  if (compression !== undefined) settings.put('compression', compression, option('compression'));
  const level = option('compression_level');
  if (compression === 'zstd') settings.set('compressionLevel', level, 'database.redis.options.compression_level');
  const bare = option('pack_ignore_numbers');
  if (bare.value === true || bare.value === 1) settings.put('packIgnoreNumbers', true, bare);
}

function isSame(a: Setting, b: Setting | undefined): boolean {
  if (a.kind === 'list' && b?.kind === 'list') return a.items.every((item, index) => isSame(item, b.items[index]));
  return a.kind === 'scalar' && b?.kind === 'scalar' && String(a.value) === String(b.value);
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
