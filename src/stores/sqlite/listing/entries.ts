import { setImmediate as nextTurn } from 'node:timers/promises';

import type { EntryPages, ListedEntry, ListEntriesOptions } from '../../contract/listing.js';
import type { SqliteContext } from '../context.js';

import { pageAt } from '../../contract/listing.js';
import { CodedEntry } from '../../entries/coded-entry.js';
import { MAX_AT_ONCE } from '../../listing/byte-limit.js';
import { globMatcher, literalHead } from '../../listing/glob.js';
import { isScheduleMutex } from '../../locks/names.js';
import { now, ttlOf } from '../../sql/expiry.js';
import { ColumnCodec } from '../../sql/values.js';
import { inTagOrder, tagHashOf } from '../../tags/names.js';
import { type KeyRange, keysUnder } from '../keys.js';
import { type AsColumn, bytesOf, type ColumnText, type RowKey, rowsWithKeys, shortKey } from './row-keys.js';

/** Rows per page. */
const PAGE = 500;

interface Row {
  readonly storedKey: RowKey;
  readonly size: number;
  readonly expiration: number;
  /** Null if contents are not requested. */
  readonly value: ColumnText | null;
}

interface Page {
  readonly entries: readonly ListedEntry[];
  /** The key of the last row. Undefined if there was none. */
  readonly last: RowKey | undefined;
  readonly isLast: boolean;
}

/** Keys may contain any bytes. */
const PLACE = 'base64';

/** List live entries in the order of the primary key. */
export async function* listEntries(context: SqliteContext, options: ListEntriesOptions = {}): EntryPages {
  const read = reader(context, options);
  let after: RowKey | undefined = options.after === undefined ? undefined : Buffer.from(options.after, PLACE);
  for (let isLast = false; !isLast;) {
    options.signal?.throwIfAborted();
    const page = read(after);
    if (page.entries.length > 0) yield pageAt(page.entries, page.last && Buffer.from(page.last).toString(PLACE));
    ({ isLast, last: after } = page);
    // Lets a signal arrive while nothing matches.
    await nextTurn();
  }
}

/** No transaction stays open between pages. */
function reader(context: SqliteContext, options: ListEntriesOptions): (after: RowKey | undefined) => Page {
  const { connection, tables, prefix, codec } = context;
  const pattern = options.pattern ?? '*';
  const matches = globMatcher(pattern);
  const values = new ColumnCodec(codec);
  const listed = (row: Row, at: number): ListedEntry => {
    const key = shortKey(row.storedKey, prefix);
    const entry = entryOf(row, key, at);
    return isScheduleMutex(key) ? { ...entry, lock: 'family' } : entry;
  };

  const entryOf = ({ storedKey, size, expiration, value }: Row, key: string, at: number): ListedEntry => {
    const ttl = ttlOf(expiration, at);
    const tags = options.tags ? tagsOf(context, storedKey, key) : undefined;
    // Object spread would take longer than everything else here.
    if (value === null) return tags === undefined ? { key, size, ttl } : { key, size, ttl, tags };
    const reading = new CodedEntry(bytesOf(value), ttl, values);
    return tags === undefined ? { key, size, ttl, reading } : { key, size, ttl, tags, reading };
  };

  return (after) =>
    connection.run(() => {
      if (!tables.has('cache')) return { entries: [], last: undefined, isLast: true };
      return connection.read(() => {
        const at = now();
        const range = keysUnder(prefix + literalHead(pattern), { after });
        const rows = rowsWithKeys((as) => someRows(context, as, { range, at, options }));
        const entries = rows.map((row) => listed(row, at)).filter(({ key }) => matches(key));
        return { entries, last: rows.at(-1)?.storedKey, isLast: !isFull(rows) };
      });
    });
}

interface Asked {
  readonly range: KeyRange;
  readonly at: number;
  readonly options: ListEntriesOptions;
}

function someRows({ connection, tables }: SqliteContext, as: AsColumn, { range, at, options }: Asked): Row[] {
  const found = connection
    .statement<Row>(
      // octet_length reads the row's header alone. The plus keeps SQLite from taking the index on expiration and
      // sorting the table for every page.
      `SELECT ${as('key')} AS storedKey, octet_length(value) AS size, expiration, ${options.contents ? as('value') : 'NULL'} AS value
       FROM ${tables.cache} WHERE ${range.sql} AND +expiration > @at ORDER BY key LIMIT ${PAGE}`,
    )
    .iterate({ ...range.parameters, at });
  const rows: Row[] = [];
  let bytes = 0;
  for (const row of found) {
    rows.push(row);
    bytes += contentBytes(row);
    if (bytes >= MAX_AT_ONCE) break;
  }

  return rows;
}

/** Whether there may be more rows after these. */
function isFull(rows: readonly Row[]): boolean {
  return rows.length === PAGE || rows.reduce((bytes, row) => bytes + contentBytes(row), 0) >= MAX_AT_ONCE;
}

function contentBytes({ size, value }: Row): number {
  return value === null ? 0 : size;
}

const NO_TAGS: readonly string[] = [];

/** The tag table does not keep the order of tags. */
function tagsOf({ connection, tables, prefix }: SqliteContext, storedKey: RowKey, key: string): readonly string[] {
  const tagRows = tagHashOf(key) === undefined ? undefined : tables.tagRows();
  if (tagRows === undefined) return NO_TAGS;
  const names = connection
    .statement<{ tag: Buffer }>(`SELECT CAST(tag AS BLOB) AS tag FROM ${tagRows} WHERE key = CAST(? AS TEXT)`)
    .all(storedKey)
    .map(({ tag }) => shortKey(tag, prefix));
  return inTagOrder(names, key) ?? names;
}
