import type { InspectedTags, Inspection, NearKey } from '../contract/inspection.js';
import type { SqlContext } from './context.js';

import { keyToBytes } from '../entries/key-text.js';
import { taggedKey, tagHashOf } from '../tags/names.js';
import { inspectedTags } from '../tags/order.js';
import { type InspectedRow, inspectedRow } from './inspected-row.js';
import { sql } from './statement.js';
import { namesOf } from './tags/of-keys.js';

interface Row extends InspectedRow {
  readonly at: number;
}

/** Everything in a row. The servers keep no access statistics. */
export async function inspect(context: SqlContext, key: string, tags?: readonly string[]): Promise<Inspection> {
  const { entries, profile, prefix } = context;
  const listedKey = tags === undefined ? key : taggedKey(tags, key);
  const place = { server: entries.location, database: profile.connection.database, table: profile.table };
  const asked = { storedKey: prefix + listedKey, listedKey, place };
  const row = await rowAt(context, asked.storedKey);
  if (row === undefined) return { ...asked, near: await nearKeys(context, listedKey) };
  const shown = { ...asked, ...inspectedRow(listedKey, row, { ...context, at: row.at }) };
  const carried = shown.entry && (await tagsOf(context, listedKey, tags));
  return { ...shown, ...(carried && { tags: carried }) };
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
  if (tagHashOf(listedKey) === undefined) return undefined;
  const key = keyToBytes(context.prefix + listedKey);
  const listing = (await namesOf(context, [key])).get(key.toString('latin1')) ?? [];
  return inspectedTags(listedKey, given ?? listing, listing);
}

async function nearKeys(context: SqlContext, listedKey: string): Promise<readonly NearKey[]> {
  if (context.prefix === '') return [];
  const row = await rowAt(context, listedKey);
  return row !== undefined && row.expiration > row.at
    ? [{ storedKey: listedKey, difference: 'without the prefix' }]
    : [];
}
