import type { Inspection, NearKey } from '../contract/inspection.js';
import type { SqliteContext } from './context.js';

import { now } from '../sql/expiry.js';
import { type InspectedRow, inspectedRow } from '../sql/inspected-row.js';
import { ColumnCodec } from '../sql/values.js';
import { taggedKey } from '../tags/names.js';
import { inspectedTags } from '../tags/order.js';
import { bound } from './listing/row-keys.js';
import { VALUE } from './schema.js';
import { namesOf } from './tags/of-key.js';

/** Show an entry's row. SQLite records no uses, so there is no idle time. */
export function inspect(context: SqliteContext, key: string, tags?: readonly string[]): Inspection {
  const { connection, tables, profile, prefix, codec } = context;
  const listedKey = tags === undefined ? key : taggedKey(tags, key);
  const asked = { storedKey: prefix + listedKey, listedKey, place: { file: profile.path, table: profile.table } };
  return connection.run(() => {
    if (!tables.has('cache')) return asked;
    return connection.read(() => {
      const row = rowAt(context, asked.storedKey);
      if (row === undefined) return { ...asked, near: nearKeys(context, listedKey) };
      const values = new ColumnCodec(codec);
      const shown = { ...asked, ...inspectedRow(listedKey, row, { at: now(), codec, values }) };
      if (shown.entry === undefined) return shown;
      const listing = namesOf(context, bound(asked.storedKey));
      const carried = inspectedTags(listedKey, tags ?? listing, listing);
      return { ...shown, ...(carried && { tags: carried }) };
    });
  });
}

function rowAt({ connection, tables }: SqliteContext, storedKey: string): InspectedRow | undefined {
  return connection
    .statement<InspectedRow>(
      `SELECT CAST(${VALUE} AS BLOB) AS value, expiration FROM ${tables.cache} WHERE key = CAST(? AS TEXT)`,
    )
    .get(bound(storedKey));
}

function nearKeys(context: SqliteContext, listedKey: string): readonly NearKey[] {
  if (context.prefix === '') return [];
  const row = rowAt(context, listedKey);
  return row !== undefined && row.expiration > now()
    ? [{ storedKey: listedKey, difference: 'without the prefix' }]
    : [];
}
