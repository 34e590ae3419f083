import { isIP } from 'node:net';

import type { Fields, Folders } from '../fields.js';
import type { RedisConnection, RedisTls } from '../profile.js';

import { ConfigError } from '../../errors.js';
import { hostAndPort, toHost } from './host.js';

/** The keys of a Redis connection: in a redis profile, and in its `locks`. */
export const CONNECTION_KEYS = [
  'url',
  'host',
  'port',
  'database',
  'username',
  'password',
  'passwordCommand',
  'socket',
  'cluster',
  'sentinels',
  'primary',
  'sentinelUsername',
  'sentinelPassword',
  'tls',
];

/** A connection has exactly one of these keys. */
const PLACES = ['host', 'socket', 'cluster', 'sentinels'];
const SENTINEL_KEYS = ['primary', 'sentinelUsername', 'sentinelPassword'];
const TLS_KEYS = ['ca', 'cert', 'key', 'servername', 'verify'];
const MAX_DATABASE = 2 ** 31 - 1;

/** Whether one of these keys names the server. */
export function namesPlace(fields: Fields): boolean {
  return PLACES.some((key) => fields.has(key));
}

/** Read a connection from its keys. `url` is already expanded. */
export function readConnection(fields: Fields, folders: Folders): RedisConnection {
  checkCombination(fields);
  const tls = readTls(fields, folders);
  const database = fields.integer('database', 0, MAX_DATABASE) ?? 0;
  const common = {
    database,
    ...given('username', fields.optional('username')),
    ...given('password', fields.optional('password')),
    ...given('tls', tls),
  };
  if (fields.has('cluster')) {
    if (database !== 0) fields.fail('database', 'must be 0 for a cluster', 'Remove database.');
    return { kind: 'cluster', nodes: nodes(fields, 'cluster', 6379), ...common };
  }

  if (fields.has('sentinels')) {
    return {
      kind: 'sentinel',
      nodes: nodes(fields, 'sentinels', 26_379),
      primary: fields.filled('primary')!,
      ...given('sentinelUsername', fields.optional('sentinelUsername')),
      ...given('sentinelPassword', fields.optional('sentinelPassword')),
      ...common,
    };
  }

  const socket = fields.path('socket', folders);
  if (socket !== undefined) return { kind: 'server', nodes: [], socket, ...common };
  const host = toHost(fields.filled('host')!, (problem, hint) => fields.fail('host', problem, hint));
  return { kind: 'server', nodes: [{ host, port: fields.integer('port', 1, 65_535) ?? 6379 }], ...common };
}

function checkCombination(fields: Fields): void {
  const places = PLACES.filter((key) => fields.has(key));
  const [place, another] = places;
  if (place === undefined) {
    throw new ConfigError(
      `${fields.where}: ${fields.subject} does not say where Redis is`,
      'Add url: redis://host:6379, or one of host, socket, cluster, sentinels.',
    );
  }

  if (another !== undefined)
    fields.fail(another, `cannot be combined with ${place}`, `Keep one of ${places.join(', ')}.`);
  if (place !== 'host' && fields.has('port')) fields.fail('port', `cannot be combined with ${place}`, 'Remove port.');
  if (place !== 'sentinels') {
    const stray = SENTINEL_KEYS.find((key) => fields.has(key));
    if (stray !== undefined)
      fields.fail(stray, 'is for sentinels only', 'Add sentinels: ["host:26379"], or remove it.');
  } else if (!fields.has('primary')) {
    fields.fail(
      'sentinels',
      'requires primary',
      'Add the name of the primary as the sentinels know it: primary: mymaster, or ?primary=mymaster in a URL',
    );
  }
}

/** `tls: true`, or a map, which may be empty. */
export function readTls(fields: Fields, folders: Folders): RedisTls | undefined {
  const part = fields.fields('tls');
  if (part === undefined && fields.boolean('tls') !== true) return undefined;
  if (fields.has('socket'))
    fields.fail('tls', 'cannot be combined with socket', 'A socket has no TLS: remove one of the two.');
  if (part === undefined) return { verify: true };
  part.only(TLS_KEYS, 'Keys of tls');
  for (const [key, other] of [
    ['cert', 'key'],
    ['key', 'cert'],
  ] as const) {
    if (part.has(key) && !part.has(other)) part.fail(key, `requires ${other}`, `Add ${other}: PATH`);
  }

  return {
    verify: part.boolean('verify') ?? true,
    ...given('ca', part.path('ca', folders)),
    ...given('cert', part.path('cert', folders)),
    ...given('key', part.path('key', folders)),
    ...given('servername', readServername(part)),
  };
}

/** TLS has no server names that are addresses. */
function readServername(part: Fields): string | undefined {
  const name = part.filled('servername');
  if (name !== undefined && isIP(name) !== 0) {
    part.fail('servername', 'is an address', 'Give the host name in the certificate.');
  }

  return name;
}

function nodes(fields: Fields, key: string, defaultPort: number): RedisConnection['nodes'] {
  return fields.list(key, (text, fail) => hostAndPort(text, defaultPort, fail))!;
}

/** A member that is left out if its value is undefined. */
export function given<Key extends string, Value>(key: Key, value: undefined | Value): { [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { [K in Key]: Value });
}
