import type { Fail, Fields } from './fields.js';
import type { MemcachedProfile, MemcachedServer } from './profile.js';

import { ConfigError } from '../errors.js';
import { type Common, readSerializer } from './common.js';
import { given } from './connection.js';
import { hostAndPort } from './host.js';

export const MEMCACHED_KEYS = ['url', 'servers', 'distribution', 'username', 'password', 'serializer', 'compression'];

/** The Memcached servers of an application, in its order. `url` has become other keys already. */
export function readMemcached(common: Common, fields: Fields): MemcachedProfile {
  const servers = fields.list('servers', toServer);
  if (servers === undefined) {
    throw new ConfigError(
      `${fields.where}: ${fields.subject} names no servers`,
      'Add them, in the order that the application has: servers: ["10.0.0.1:11211", "10.0.0.2:11211"]',
    );
  }

  return {
    driver: 'memcached',
    ...common,
    servers,
    distribution: fields.oneOf('distribution', ['modulo', 'ketama']) ?? 'modulo',
    ...readUser(fields),
    serializer: readSerializer(common, fields) ?? 'php',
    compression: readCompression(common, fields),
  };
}

/** `host:port`, or `host:port:weight` as PHP writes it. */
function toServer(text: string, fail: Fail): MemcachedServer {
  const [, place = text, digits] = /^(.+:\d+):(\d{1,6})$/.exec(text) ?? [];
  const weight = digits === undefined ? 1 : Number(digits);
  if (weight < 1) fail('has a weight of 0', 'Weights begin at 1.');
  return { ...hostAndPort(place, 11_211, fail), weight };
}

/** SASL wants both. */
function readUser(fields: Fields): Pick<MemcachedProfile, 'password' | 'username'> {
  const username = fields.optional('username');
  const password = fields.optional('password');
  if (username === undefined && password !== undefined) {
    fields.fail('password', 'needs username beside it', 'Add username: NAME');
  }

  if (username !== undefined && password === undefined) {
    fields.fail('username', 'needs password beside it', 'Add password: ${MEMCACHED_PASSWORD}');
  }

  return { ...given('username', username), ...given('password', password) };
}

/** php-memcached compresses unless it is told not to. */
function readCompression({ codec }: Common, fields: Fields): MemcachedProfile['compression'] {
  const compression = fields.oneOf('compression', ['fastlz', 'zlib', 'none']);
  if (compression !== undefined && compression !== 'none' && codec !== 'php') {
    fields.fail('compression', `has no effect beside codec: ${codec}`, 'Take one of the two out.');
  }

  return compression ?? 'fastlz';
}
