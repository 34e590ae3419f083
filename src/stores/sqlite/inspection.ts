import type { InspectedTags, Inspection, NearKey } from '../contract/inspection.js';
import type { SqliteContext } from './context.js';

import { keyFromBytes } from '../entries/key-text.js';
import { isScheduleMutex } from '../locks/names.js';
import { MAX_OWNER } from '../locks/rule.js';
import { now, ttlOf } from '../sql/expiry.js';
import { ColumnCodec, isWrapped } from '../sql/values.js';
import { inTagOrder, taggedKey, tagHashOf } from '../tags/names.js';
import { literalKeysUnder } from './keys.js';
import { bound, shortKey } from './listing/row-keys.js';

interface Row {
  readonly value: Buffer;
  readonly expiration: number;
}

/** Show an entry's row. SQLite records no uses, so there is no idle time. */
export function inspect(context: SqliteContext, key: string, tags?: readonly string[]): Inspection {
  const { connection, tables, profile, prefix, codec } = context;
  const listedKey = tags === undefined ? key : taggedKey(tags, key);
  const common = { storedKey: prefix + listedKey, listedKey, place: { file: profile.path, table: profile.table } };
  return connection.run(() => {
    if (!tables.has('cache')) return common;
    return connection.read(() => {
      const at = now();
      const row = rowAt(context, common.storedKey);
      if (row === undefined) return { ...common, near: nearKeys(context, listedKey) };
      if (row.expiration <= at) return { ...common, expiredAt: new Date(row.expiration * 1000) };
      const { value: stored, expiration } = row;
      const ttl = ttlOf(expiration, at);
      const carried = tagsOf(context, listedKey, tags);
      const wrapped = isWrapped(codec, stored);
      return {
        ...common,
        entry: { stored, ttl, decode: () => new ColumnCodec(codec).decode(stored) },
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
    });
  });
}

function rowAt({ connection, tables }: SqliteContext, storedKey: string): Row | undefined {
  return connection
    .statement<Row>(`SELECT CAST(value AS BLOB) AS value, expiration FROM ${tables.cache} WHERE key = CAST(? AS TEXT)`)
    .get(bound(storedKey));
}

function tagsOf(context: SqliteContext, listedKey: string, given?: readonly string[]): InspectedTags | undefined {
  const hash = tagHashOf(listedKey);
  if (hash === undefined) return undefined;
  const listed = listedTags(context, listedKey);
  const names = given ?? inTagOrder(listed, listedKey) ?? listed;
  if (names.length === 0) return undefined;
  const unlisted = names.filter((name) => !listed.includes(name));
  const isOrdered = taggedKey(names, '') === `${hash}:`;
  return { names, isOrdered, ...(unlisted.length > 0 && { unlisted }) };
}

function listedTags({ connection, tables, prefix }: SqliteContext, listedKey: string): readonly string[] {
  const tagRows = tables.tagRows();
  if (tagRows === undefined) return [];
  return connection
    .statement<{ tag: Buffer }>(
      `SELECT CAST(tag AS BLOB) AS tag FROM ${tagRows}
       WHERE key = CAST(? AS TEXT) AND ${literalKeysUnder(prefix, '+tag')}`,
    )
    .all(bound(prefix + listedKey))
    .map(({ tag }) => shortKey(tag, prefix));
}

function nearKeys(context: SqliteContext, listedKey: string): readonly NearKey[] {
  if (context.prefix === '') return [];
  const row = rowAt(context, listedKey);
  return row !== undefined && row.expiration > now()
    ? [{ storedKey: listedKey, difference: 'without the prefix' }]
    : [];
}
