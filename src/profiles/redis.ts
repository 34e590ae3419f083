import type { RedisCompression, RedisConnection, RedisProfile } from './profile.js';

import { type Common, readSerializer } from './common.js';
import { CONNECTION_KEYS, given, namesPlace, readConnection } from './connection.js';
import { expandUrl } from './expand-url.js';
import { Fields, type Folders } from './fields.js';

export const REDIS_KEYS = [...CONNECTION_KEYS, 'connectionPrefix', 'locks', 'serializer', 'compression'];

/** A Redis and how the application's client writes to it. `url` has become other keys already. */
export function readRedis(common: Common, fields: Fields, folders: Folders): RedisProfile {
  return {
    driver: 'redis',
    ...common,
    connectionPrefix: fields.text('connectionPrefix') ?? '',
    connection: readConnection(fields, folders),
    ...given('serializer', readSerializer(common, fields)),
    ...given('compression', readCompression(fields)),
    ...given('locks', readLocks(fields, folders)),
  };
}

function readCompression(fields: Fields): RedisCompression | undefined {
  const compression = fields.oneOf('compression', ['lz4', 'lzf', 'zstd', 'none']);
  return compression === 'none' ? undefined : compression;
}

/** A connection of their own, or (the default application) the profile's own with another database. */
function readLocks(fields: Fields, folders: Folders): RedisConnection | undefined {
  const setting = fields.entries.get('locks');
  if (setting === undefined) return undefined;
  const subject = `locks of ${fields.subject}`;
  const asUrl = fields.fields('locks') === undefined && fields.filled('locks') !== undefined;
  const stated = asUrl ? new Fields(new Map([['url', setting]]), setting.where, subject) : fields.fields('locks')!;
  const locks = expandUrl(stated, 'redis');
  locks.only(CONNECTION_KEYS, 'Keys of locks');
  if (locks.entries.size === 0)
    fields.fail('locks', 'says nothing', 'Add url, or a database of the same Redis: locks: { database: 0 }');
  if (namesPlace(locks)) return readConnection(locks, folders);
  const inherited = [...fields.entries].filter(([key]) => CONNECTION_KEYS.includes(key));
  return readConnection(new Fields(new Map([...inherited, ...locks.entries]), setting.where, subject), folders);
}
