import type { Profile } from '../profile.js';

import { ConfigError } from '../../errors.js';
import { noStoreFor } from '../drivers/no-store.js';
import { ENCODE_HINT, UrlText as Text } from './text.js';

/** The content of a URL, under the keys of the profile file. */
export interface UrlParts {
  readonly scheme: string;
  readonly driver: Exclude<Profile['driver'], 'custom'>;
  readonly keys: ReadonlyMap<string, string>;
  /** Undefined: no TLS. The keys of `tls`. */
  readonly tls?: ReadonlyMap<string, string>;
}

/**
 * Parse these URLs into keys; values are checked elsewhere:
 * - `redis://`, `rediss://` (also `tcp://`, `tls://`, `valkey://`, `valkeys://`), `unix://`
 * - `redis+cluster://`, `redis+sentinel://`, `rediss+…`
 * - `memcached://`, `memcacheds://`, `mongodb://`, `mongodb+srv://`
 * - `mysql://`, `mariadb://`, `postgres://`, `postgresql://`, `pgsql://`
 * - `sqlite:`, and the bare path of a `.sqlite` or `.db` file
 * - `file:`, a folder
 *
 * The standard URL class has no lists of hosts, and changes what is not a web address.
 * @param name for messages: `--url redis://user:***@host`, or the location in the file; never a secret
 * @throws ConfigError
 */
export function parseUrl(url: string, name: string): UrlParts {
  const [, scheme, rest] = /^([a-z][a-z\d+-]*):(.*)$/is.exec(url) ?? [];
  if (url.trim() === '') throw new ConfigError(`${name} is empty`, `Start it with one of: ${SCHEMES}`);
  // A single letter is a Windows drive.
  if (scheme === undefined || rest === undefined || (scheme.length === 1 && BARE_FILE.test(url))) {
    if (BARE_FILE.test(url) && !url.includes('://'))
      return { scheme: 'sqlite', driver: 'sqlite', keys: new Map([['path', url]]) };
    throw new ConfigError(
      `${name} does not begin with a scheme`,
      withUsualScheme(url) ?? `Start it with one of: ${SCHEMES}`,
    );
  }

  const parser = PARSERS[scheme.toLowerCase()];
  if (parser === undefined)
    throw (
      noStoreFor(scheme, name) ??
      new ConfigError(`${name} has the unknown scheme "${scheme}"`, withUsualScheme(url) ?? `Schemes: ${SCHEMES}`)
    );
  if (rest.includes('#')) throw new ConfigError(`${name} contains a #`, 'Write %23 for a # that is part of a value.');
  return { scheme: scheme.toLowerCase(), ...parser(new Text(name, rest)) };
}

/** A hint for HOST:PORT, if the port is a server's usual one. */
function withUsualScheme(url: string): string | undefined {
  const port = /^[\w.-]+:(\d+)$/.exec(url)?.[1];
  const scheme = port === undefined ? undefined : USUAL_PORTS[port];
  return scheme === undefined ? undefined : `Begin it with the scheme: ${scheme}://${url}`;
}

const USUAL_PORTS: Readonly<Record<string, string>> = {
  3306: 'mysql',
  5432: 'postgres',
  6379: 'redis',
  11_211: 'memcached',
  27_017: 'mongodb',
};

const BARE_FILE = /\.(?:sqlite3?|db)$/i;
const SCHEMES =
  'redis://, rediss:// (TLS), redis+cluster://, redis+sentinel://, unix:// (a Redis socket), memcached://, memcacheds:// (TLS), mongodb://, mongodb+srv://, mysql://, mariadb://, postgres://, pgsql://, sqlite:, file:';
const MONGODB_PARAMETERS = new Set([
  'codec',
  'collection',
  'database',
  'db',
  'lockCollection',
  'prefix',
  'protected',
  'ssh',
]);
const TLS_KEYS = new Set(['ca', 'cert', 'key', 'servername', 'verify']);

type Parts = Omit<UrlParts, 'scheme'>;

const PARSERS: Readonly<Record<string, (text: Text) => Parts>> = Object.assign(Object.create(null), {
  file: parsePath('file', 'storage/framework/cache/data'),
  memcached: parseMemcached,
  memcacheds: withTls(parseMemcached),
  mongodb: parseMongodb(false),
  'mongodb+srv': parseMongodb(true),
  redis: parseRedis('server'),
  rediss: withTls(parseRedis('server')),
  tcp: parseRedis('server'),
  tls: withTls(parseRedis('server')),
  valkey: parseRedis('server'),
  valkeys: withTls(parseRedis('server')),
  'redis+cluster': parseRedis('cluster'),
  'rediss+cluster': withTls(parseRedis('cluster')),
  'redis+sentinel': parseRedis('sentinels'),
  'rediss+sentinel': withTls(parseRedis('sentinels')),
  mysql: parseSql('mysql'),
  mariadb: parseSql('mysql'),
  postgres: parseSql('postgres'),
  postgresql: parseSql('postgres'),
  pgsql: parseSql('postgres'),
  sqlite: parsePath('sqlite', 'cache.sqlite'),
  unix: parseUnix,
});

function parseMemcached(text: Text): Parts {
  const { user, hosts, path } = text.authority();
  const hasPath = path.replace('/', '') !== '';
  if (hosts === '' && !hasPath) {
    text.fail('has no host', 'Name one or more: memcached://10.0.0.1:11211,10.0.0.2:11211');
  }

  if (hosts !== '' && hasPath) {
    text.fail(
      'has a path',
      'Memcached has no databases: remove the path. For a Unix socket: memcached:///path/to.sock',
    );
  }

  return { driver: 'memcached', keys: text.query(...user, ['servers', text.decode(hosts === '' ? path : hosts)]) };
}

/** Other parameters belong to the driver and stay unchanged. */
function parseMongodb(srv: boolean): (text: Text) => Parts {
  return (text) => {
    const { user, hosts, path } = text.authority();
    if (hosts === '') text.fail('has no host', 'Name one: mongodb://127.0.0.1:27017/app');
    const database = text.decode(path.slice(1));
    const [ours, options] = text.parametersAmong(MONGODB_PARAMETERS);
    if (database !== '' && user.length > 0 && authenticatesByPath(options)) {
      options.push(`authSource=${encodeURIComponent(database)}`);
    }

    const found: Array<readonly [string, string]> = [...user, ['hosts', hosts]];
    if (srv) found.push(['srv', 'true']);
    if (database !== '') found.push(['database', database]);
    if (options.length > 0) found.push(['options', options.join('&')]);
    return { driver: 'mongodb', keys: ours.query(...found) };
  };
}

/** In a connection string, users belong to the database in the path, unless it says otherwise. */
function authenticatesByPath(options: readonly string[]): boolean {
  return !options.some((option) => /^authSource=|^authMechanism=(?!SCRAM)/i.test(option));
}

function parseSql(driver: 'mysql' | 'postgres'): (text: Text) => Parts {
  return (text) => {
    const { user, hosts, path } = text.authority();
    if (text.afterHost.includes('@')) text.fail('has an @ after its host', ENCODE_HINT);
    const database = text.decode(path.slice(1));
    const inPath = database === '' ? [] : [['database', database] as const];
    const place = hosts === '' ? [] : hostAndPort(text, hosts);
    const all = [...text.query(...user, ...place, ...inPath)];
    const modes = all.flatMap(([key, value]) => (TLS_MODE_KEYS.has(key) ? [tlsOfMode(value)] : []));
    const given = new Map(all.filter(([key]) => TLS_KEYS.has(key)));
    const keys = new Map(all.filter(([key]) => !TLS_KEYS.has(key) && !TLS_MODE_KEYS.has(key)));
    const tls = modes.length > 0 ? modes[0] : given.size > 0 ? new Map() : undefined;
    return { driver, keys, ...(tls && { tls: new Map([...tls, ...given]) }) };
  };
}

/** What libpq, MySQL's clients and Laravel call it. */
const TLS_MODE_KEYS = new Set(['ssl-mode', 'sslMode', 'sslmode', 'tls']);

/** `require` encrypts and trusts any certificate, as in libpq. `prefer` would fall back to plain text. */
function tlsOfMode(mode: string): ReadonlyMap<string, string> | undefined {
  const name = mode.toLowerCase().replaceAll(/[-_]/g, '');
  if (['true', 'verifyca', 'verifyfull', 'verifyidentity'].includes(name)) return new Map();
  return name === 'require' || name === 'required' ? new Map([['verify', 'false']]) : undefined;
}

/** @param example a relative path, for hints */
function parsePath(driver: 'file' | 'sqlite', example: string): (text: Text) => Parts {
  return (text) => {
    const { beforeQuery } = text;
    if (/^\/\/(?!\/)/.test(beforeQuery)) {
      text.fail(
        'has a host',
        `Write ${driver}:${example} for a path from here, ${driver}:///var/${example} for an absolute one.`,
      );
    }

    // On Windows, sqlite:///C:/cache.sqlite is the file C:/cache.sqlite.
    const file = text.decode(beforeQuery.replace(/^\/\//, '')).replace(/^\/(?=[a-z]:[/\\])/i, '');
    if (file === ':memory:') text.fail('keeps nothing', 'Name a file: sqlite:cache.sqlite');
    return { driver, keys: text.query(['path', file]) };
  };
}

function parseUnix(text: Text): Parts {
  const { user, hosts, path } = text.authority();
  if (hosts !== '') text.fail('has a host', 'Write unix:///path/to/redis.sock, with three slashes.');
  return { driver: 'redis', keys: text.query(...user, ['socket', text.decode(path)]) };
}

function parseRedis(kind: 'cluster' | 'sentinels' | 'server'): (text: Text) => Parts {
  return (text) => {
    const { user, hosts, path } = text.authority();
    if (text.afterHost.includes('@')) text.fail('has an @ after its host', ENCODE_HINT);
    // Other clients write a socket like this: redis:///run/redis.sock.
    if (hosts === '' && kind === 'server' && /^\/.*\D/.test(path)) {
      return { driver: 'redis', keys: text.query(...user, ['socket', text.decode(path)]) };
    }

    if (hosts === '') text.fail('has no host', 'Name one: redis://127.0.0.1:6379');
    const place = kind === 'server' ? hostAndPort(text, hosts) : [[kind, hosts] as const];
    const database = text.decode(path.slice(1));
    const inPath = database === '' ? [] : [['database', database] as const];
    return { driver: 'redis', keys: text.query(...user, ...place, ...inPath) };
  };
}

function withTls(parse: (text: Text) => Parts): (text: Text) => Parts {
  return (text) => {
    const parts = parse(text);
    const all = [...parts.keys];
    return {
      ...parts,
      keys: new Map(all.filter(([key]) => !TLS_KEYS.has(key))),
      tls: new Map(all.filter(([key]) => TLS_KEYS.has(key))),
    };
  };
}

function hostAndPort(text: Text, authority: string): ReadonlyArray<readonly [string, string]> {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d*))?$/.exec(authority) ?? [];
  const host = text.decode(bracketed ?? plain ?? '');
  if (host === '') text.fail('has no valid host and port', `${ENCODE_HINT} An IPv6 host goes in [ ].`);
  return port
    ? [
        ['host', host],
        ['port', port],
      ]
    : [['host', host]];
}
