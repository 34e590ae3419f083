import type { RedisCompression } from '../../codecs/compression/phpredis.js';
import type { RedisConnection, RedisProfile, Warn } from '../profile.js';

import { Fields, type Folders } from '../fields.js';
import { expandUrl } from '../url/expand.js';
import { withoutForeign } from '../url/foreign-parameters.js';
import { type Common, COMMON_KEYS, readSerializer } from './common.js';
import { CONNECTION_KEYS, given, namesPlace, readConnection } from './redis-connection.js';
import { readSsh } from './ssh.js';

export const REDIS_KEYS = [
  ...CONNECTION_KEYS,
  'ssh',
  'connectionPrefix',
  'locks',
  'serializer',
  'compression',
  'compressionLevel',
  'packIgnoreNumbers',
];

/** Zstandard's. */
const HIGHEST_LEVEL = 22;

/** A Redis server and how the application's client writes to it. `url` is already expanded. */
export async function readRedis(common: Common, fields: Fields, folders: Folders, warn: Warn): Promise<RedisProfile> {
  return {
    driver: 'redis',
    ...common,
    connectionPrefix: fields.text('connectionPrefix') ?? '',
    connection: readConnection(fields, folders),
    ...given('serializer', readSerializer(common, fields)),
    ...given('compression', readCompression(fields)),
    ...given('compressionLevel', fields.integer('compressionLevel', 1, HIGHEST_LEVEL)),
    ...given('packIgnoreNumbers', fields.boolean('packIgnoreNumbers')),
    ...given('ssh', readSsh(fields, folders)),
    ...given('locks', await readLocks(fields, folders, warn)),
  };
}

function readCompression(fields: Fields): RedisCompression | undefined {
  const compression = fields.oneOf('compression', ['lz4', 'lzf', 'zstd', 'none']);
  return compression === 'none' ? undefined : compression;
}

/** A separate connection, or (Laravel's default) the profile's own with another database. */
async function readLocks(fields: Fields, folders: Folders, warn: Warn): Promise<RedisConnection | undefined> {
  const setting = fields.entries.get('locks');
  if (setting === undefined) return undefined;
  const subject = `locks of ${fields.subject}`;
  const asUrl = fields.fields('locks') === undefined && fields.filled('locks') !== undefined;
  const stated = asUrl ? new Fields(new Map([['url', setting]]), setting.where, subject) : fields.fields('locks')!;
  const locks = await withoutForeign(expandUrl(stated, 'redis'), CONNECTION_KEYS, warn, [
    ...COMMON_KEYS,
    ...REDIS_KEYS,
  ]);
  locks.only(CONNECTION_KEYS, 'Keys of locks');
  if (locks.entries.size === 0)
    fields.fail('locks', 'says nothing', 'Add url, or a database of the same Redis: locks: { database: 0 }');
  if (namesPlace(locks)) return readConnection(locks, folders);
  const inherited = [...fields.entries].filter(([key]) => CONNECTION_KEYS.includes(key));
  return readConnection(new Fields(new Map([...inherited, ...locks.entries]), setting.where, subject), folders);
}
