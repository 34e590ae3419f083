import type { Fail, Fields, Folders } from '../fields.js';
import type { MemcachedProfile, MemcachedServer } from '../profile.js';

import { ConfigError } from '../../errors.js';
import { type Common, readSerializer } from './common.js';
import { hostAndPort } from './host.js';
import { given, readTls } from './redis-connection.js';
import { readSsh } from './ssh.js';

export const MEMCACHED_KEYS = [
  'url',
  'servers',
  'distribution',
  'connectionPrefix',
  'protocol',
  'username',
  'password',
  'passwordCommand',
  'tls',
  'ssh',
  'unicodeKeys',
  'serializer',
  'compression',
];

/** The Memcached servers of an application, in its order. `url` is already expanded. */
export function readMemcached(common: Common, fields: Fields, folders: Folders): MemcachedProfile {
  const servers = fields.list('servers', toServer);
  if (servers === undefined) {
    throw new ConfigError(
      `${fields.where}: ${fields.subject} names no servers`,
      'Add them in the order of the application: servers: ["10.0.0.1:11211", "10.0.0.2:11211"]',
    );
  }

  const ssh = readSsh(fields, folders);
  if (ssh !== undefined && servers.some((server) => 'socket' in server)) {
    fields.fail('ssh', 'cannot be combined with Unix sockets', 'Give the hosts as the bastion sees them.');
  }

  const tls = readTls(fields, folders);
  if (tls !== undefined && servers.every((server) => 'socket' in server)) {
    fields.fail('tls', 'cannot be combined with Unix sockets', 'A socket has no TLS: remove one of the two.');
  }

  return {
    driver: 'memcached',
    ...common,
    servers,
    distribution: readDistribution(fields),
    ...given('connectionPrefix', fields.optional('connectionPrefix')),
    ...given('protocol', fields.oneOf('protocol', ['text', 'classic', 'binary'])),
    ...readUser(fields),
    ...given('tls', tls),
    ...given('ssh', ssh),
    ...given('unicodeKeys', fields.boolean('unicodeKeys')),
    serializer: readSerializer(common, fields) ?? 'php',
    compression: readCompression(common, fields),
  };
}

/** Also accepts the names of php-memcached and libmemcached. */
function readDistribution(fields: Fields): MemcachedProfile['distribution'] {
  const name = fields.oneOf('distribution', ['modulo', 'ketama', 'consistent', 'modula', 'libketama']) ?? 'modulo';
  if (name === 'modula') return 'modulo';
  return name === 'libketama' ? 'ketama' : name;
}

/**
 * Parse `host:port`, PHP's `host:port:weight`, or the path of a Unix socket: `/path`, `unix:/path`, `/path:0:weight`.
 */
function toServer(text: string, fail: Fail): MemcachedServer {
  const [, path, ofSocket] = /^(?:unix:(?:\/\/)?)?(\/[^:]*)(?::0(?::(\d{1,6}))?)?$/.exec(text) ?? [];
  if (path !== undefined) return { socket: path, weight: toWeight(ofSocket, fail) };
  const [, place = text, digits] = /^(.+:\d+):(\d{1,6})$/.exec(text) ?? [];
  const weight = toWeight(digits, fail);
  return { ...hostAndPort(place, 11_211, fail), weight };
}

function toWeight(digits: string | undefined, fail: Fail): number {
  const weight = digits === undefined ? 1 : Number(digits);
  if (weight < 1) fail('has a weight of 0', 'Weights start at 1.');
  return weight;
}

/** Username and password go together. */
function readUser(fields: Fields): Pick<MemcachedProfile, 'password' | 'username'> {
  const username = fields.optional('username');
  const password = fields.optional('password');
  if (username === undefined && password !== undefined) {
    fields.fail('password', 'requires username', 'Add username: NAME');
  }

  if (username !== undefined && password === undefined) {
    fields.fail('username', 'requires password', 'Add password: ${MEMCACHED_PASSWORD}');
  }

  return { ...given('username', username), ...given('password', password) };
}

/** php-memcached compresses by default. */
function readCompression({ codec }: Common, fields: Fields): MemcachedProfile['compression'] {
  const compression = fields.oneOf('compression', ['fastlz', 'zlib', 'zstd', 'none']);
  if (compression !== undefined && compression !== 'none' && codec !== 'php') {
    fields.fail('compression', `has no effect with codec: ${codec}`, 'Remove one of the two.');
  }

  return compression ?? 'fastlz';
}
