import type { InspectedTags, Inspection, NearKey } from '../contract/inspection.js';
import type { SqlContext } from './context.js';

import { keyFromBytes, keyToBytes } from '../entries/key-text.js';
import { isScheduleMutex } from '../locks/names.js';
import { MAX_OWNER } from '../locks/rule.js';
import { taggedKey, tagHashOf } from '../tags/names.js';
import { ttlOf } from './expiry.js';
import { sql } from './statement.js';
import { namesOf } from './tags/of-keys.js';
import { isWrapped } from './values.js';

interface Row {
  readonly value: Buffer;
  readonly expiration: number;
  readonly at: number;
}

/** Everything in a row. The servers keep no access statistics. */
export async function inspect(context: SqlContext, key: string, tags?: readonly string[]): Promise<Inspection> {
  const { dialect, entries, profile, prefix, codec, values } = context;
  const listedKey = tags === undefined ? key : taggedKey(tags, key);
  const place = { server: entries.location, database: profile.connection.database, table: profile.table };
  const asked = { storedKey: prefix + listedKey, listedKey, place };
  const row = await rowAt(context, asked.storedKey);
  if (row === undefined) return { ...asked, near: await nearKeys(context, listedKey) };
  const { value: stored, expiration, at } = row;
  if (expiration <= at) return { ...asked, expiredAt: new Date(expiration * 1000) };
  const ttl = ttlOf(expiration, at);
  const carried = await tagsOf(context, listedKey, tags);
  const wrapped = dialect.wrapsNul && isWrapped(codec, stored);
  return {
    ...asked,
    entry: { stored, ttl, decode: () => values.decode(stored) },
    format: {
      codec: codec.name,
      ...(wrapped && { encoding: 'base64', plainSize: Buffer.byteLength(stored.toString('latin1'), 'base64') }),
    },
    expiresAt: ttl === null ? null : new Date(expiration * 1000),
    ...(carried !== undefined && { tags: carried }),
    ...(isScheduleMutex(listedKey) && {
      lock: { owner: keyFromBytes(stored.subarray(0, MAX_OWNER)), detectedBy: 'family' },
    }),
  };
}

async function rowAt({ dialect, entries, tables }: SqlContext, storedKey: string): Promise<Row | undefined> {
  const { rows } = await entries.run<Row>(
    sql`SELECT value, expiration, ${dialect.now} AS at FROM ${tables.cache}
        WHERE ${dialect.isOneOf(dialect.key, [keyToBytes(storedKey)])}`,
  );
  return rows[0];
}

async function tagsOf(
  context: SqlContext,
  listedKey: string,
  given: readonly string[] | undefined,
): Promise<InspectedTags | undefined> {
  const hash = tagHashOf(listedKey);
  if (hash === undefined) return undefined;
  const key = keyToBytes(context.prefix + listedKey);
  const listed = (await namesOf(context, [key])).get(key.toString('latin1')) ?? [];
  const names = given ?? listed;
  if (names.length === 0) return undefined;
  const unlisted = names.filter((name) => !listed.includes(name));
  const isOrdered = taggedKey(names, '') === `${hash}:`;
  return { names, isOrdered, ...(unlisted.length > 0 && { unlisted }) };
}

async function nearKeys(context: SqlContext, listedKey: string): Promise<readonly NearKey[]> {
  if (context.prefix === '') return [];
  const row = await rowAt(context, listedKey);
  return row !== undefined && row.expiration > row.at
    ? [{ storedKey: listedKey, difference: 'without the prefix' }]
    : [];
}
