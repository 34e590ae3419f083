import type { ConfigValue, Env, Traced } from './value.js';

import { slug } from './slug.js';
import { merged, toText, UNKNOWN } from './value.js';

/** The values of `config('cache')` and `config('database')`. */
export interface CacheConfig {
  readonly cache: Traced;
  readonly database: Traced;
}

/**
 * The default configuration of Laravel 10 to 13, as of 10.48, 11.46, 12.67 and 13.26.
 * @param version the major version; an older or newer one uses the nearest
 * @param base the absolute path of the application
 */
export function defaultConfig(version: number, env: Env, base: string): CacheConfig {
  const place = `defaults of Laravel ${version}`;
  const traced = (value: ConfigValue): Traced => ({ value, from: { place } });
  const map = (members: Readonly<Record<string, ConfigValue | Traced>>): Traced =>
    traced(new Map(Object.entries(members).map(([key, value]) => [key, isTraced(value) ? value : traced(value)])));
  const variable = (name: string, preset: ConfigValue = null): Traced => env(name) ?? traced(preset);
  const isOld = version <= 10;

  const named = (suffix: string): Traced => {
    const name = toText(variable('APP_NAME', 'laravel').value);
    const separator = version >= 13 ? '-' : '_';
    const head = name === UNKNOWN ? undefined : slug(name, separator);
    const end = version >= 13 ? suffix.replaceAll('_', '-') : suffix;
    return { value: head === undefined ? UNKNOWN : head + end, from: { place: `APP_NAME, by the ${place}` } };
  };

  const server = (database: Traced): Traced =>
    map({
      url: variable('REDIS_URL'),
      host: variable('REDIS_HOST', '127.0.0.1'),
      username: variable('REDIS_USERNAME'),
      password: variable('REDIS_PASSWORD'),
      port: variable('REDIS_PORT', '6379'),
      database,
    });

  const sql = (driver: string, members: Readonly<Record<string, ConfigValue | Traced>>): Traced =>
    map({
      driver,
      url: variable(isOld ? 'DATABASE_URL' : 'DB_URL'),
      host: variable('DB_HOST', '127.0.0.1'),
      database: variable('DB_DATABASE', isOld ? 'forge' : 'laravel'),
      username: variable('DB_USERNAME', isOld ? 'forge' : 'root'),
      password: variable('DB_PASSWORD', ''),
      prefix: '',
      ...members,
    });

  const mysql = { port: variable('DB_PORT', '3306'), unix_socket: variable('DB_SOCKET', '') };
  const cache = map({
    default: isOld ? variable('CACHE_DRIVER', 'file') : variable('CACHE_STORE', 'database'),
    stores: map({
      database: map(
        isOld
          ? { driver: 'database', table: 'cache', connection: null, lock_connection: null }
          : {
              driver: 'database',
              connection: variable('DB_CACHE_CONNECTION'),
              table: variable('DB_CACHE_TABLE', 'cache'),
              lock_connection: variable('DB_CACHE_LOCK_CONNECTION'),
              lock_table: variable('DB_CACHE_LOCK_TABLE'),
            },
      ),
      file: map({ driver: 'file', path: `${base}/storage/framework/cache/data` }),
      memcached: map({
        driver: 'memcached',
        sasl: map({ 0: variable('MEMCACHED_USERNAME'), 1: variable('MEMCACHED_PASSWORD') }),
        options: map({}),
        servers: map({
          0: map({
            host: variable('MEMCACHED_HOST', '127.0.0.1'),
            port: variable('MEMCACHED_PORT', 11_211),
            weight: 100,
          }),
        }),
      }),
      redis: map({
        driver: 'redis',
        connection: isOld ? 'cache' : variable('REDIS_CACHE_CONNECTION', 'cache'),
        lock_connection: isOld ? 'default' : variable('REDIS_CACHE_LOCK_CONNECTION', 'default'),
      }),
      array: map({ driver: 'array' }),
    }),
    prefix: env('CACHE_PREFIX') ?? named('_cache_'),
  });

  const database = map({
    default: variable('DB_CONNECTION', isOld ? 'mysql' : 'sqlite'),
    connections: map({
      sqlite: map({
        driver: 'sqlite',
        url: variable(isOld ? 'DATABASE_URL' : 'DB_URL'),
        database: variable('DB_DATABASE', `${base}/database/database.sqlite`),
        prefix: '',
      }),
      mysql: sql('mysql', mysql),
      mariadb: sql('mariadb', mysql),
      pgsql: sql('pgsql', {
        port: variable('DB_PORT', '5432'),
        search_path: 'public',
        sslmode: isOld || version < 13 ? 'prefer' : variable('DB_SSLMODE', 'prefer'),
      }),
    }),
    redis: map({
      client: variable('REDIS_CLIENT', 'phpredis'),
      options: map({
        cluster: variable('REDIS_CLUSTER', 'redis'),
        prefix: env('REDIS_PREFIX') ?? named('_database_'),
      }),
      default: server(variable('REDIS_DB', '0')),
      cache: server(variable('REDIS_CACHE_DB', '1')),
    }),
  });

  return { cache, database };
}

/** Merge a configuration file over the defaults. Laravel 11 and later also merge `stores` and `connections`. */
export function overDefaults(defaults: Traced, own: Traced, version: number, nested: 'connections' | 'stores'): Traced {
  if (version <= 10 || !(own.value instanceof Map) || !(defaults.value instanceof Map)) return own;
  const both = merged(defaults, own).value as Map<string, Traced>;
  const [base, over] = [
    (defaults.value as Map<string, Traced>).get(nested),
    (own.value as Map<string, Traced>).get(nested),
  ];
  if (base !== undefined && over !== undefined) both.set(nested, merged(base, over));
  return { value: both, from: own.from };
}

function isTraced(value: ConfigValue | Traced): value is Traced {
  return typeof value === 'object' && value !== null && 'from' in value;
}
