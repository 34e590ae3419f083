import { setImmediate as nextTurn } from 'node:timers/promises';

import type { EntryPages, ListedEntry, ListEntriesOptions } from '../listing-contract.js';
import type { Room } from './entries.js';

import { CodedEntry } from '../coded-entry.js';
import { globMatcher, literalHead } from '../glob.js';
import { pageAt } from '../listing-contract.js';
import { inTagOrder, tagHashOf } from '../tag-names.js';
import { MOST_AT_ONCE } from '../within-bytes.js';
import { now, ttlOf } from './expiry.js';
import { type KeyRange, keysUnder } from './keys.js';
import { ColumnCodec } from './values.js';

/** Rows that are read at once. */
const PAGE = 1000;

interface Row {
  readonly bytes: Buffer;
  readonly size: number;
  readonly expiration: number;
  /** Null where it is not asked for. */
  readonly value: Buffer | null;
}

interface Page {
  readonly entries: readonly ListedEntry[];
  /** Of the last row that was read; undefined when there was none. */
  readonly last: Buffer | undefined;
  readonly isLast: boolean;
}

/** Keys may hold any bytes. */
const PLACE = 'base64';

/** Entries that count, in the order of the primary key. */
export async function* listEntries(room: Room, options: ListEntriesOptions = {}): EntryPages {
  const read = reader(room, options);
  let after: Buffer | undefined = options.after === undefined ? undefined : Buffer.from(options.after, PLACE);
  for (let isLast = false; !isLast;) {
    options.signal?.throwIfAborted();
    const page = read(after);
    if (page.entries.length > 0) yield pageAt(page.entries, page.last?.toString(PLACE));
    ({ isLast, last: after } = page);
    // Lets a signal be heard while nothing matches.
    await nextTurn();
  }
}

/** No transaction stays open between pages. */
function reader(room: Room, options: ListEntriesOptions): (after: Buffer | undefined) => Page {
  const { connection, tables, prefix, codec } = room;
  const pattern = options.pattern ?? '*';
  const matches = globMatcher(pattern);
  const values = new ColumnCodec(codec);
  const prefixLength = Buffer.byteLength(prefix);
  const listed = ({ bytes, size, expiration, value }: Row, at: number): ListedEntry => {
    const key = bytes.subarray(prefixLength).toString();
    const ttl = ttlOf(expiration, at);
    return {
      key,
      size,
      ttl,
      ...(options.tags && { tags: tagsOf(room, bytes, key) }),
      ...(value && { reading: new CodedEntry(value, ttl, values) }),
    };
  };

  return (after) =>
    connection.run(() => {
      if (!tables.has('cache')) return { entries: [], last: undefined, isLast: true };
      return connection.read(() => {
        const at = now();
        const { rows, isLast } = someRows(room, keysUnder(prefix + literalHead(pattern), { after }), at, options);
        const entries = rows.map((row) => listed(row, at)).filter(({ key }) => matches(key));
        return { entries, last: rows.at(-1)?.bytes, isLast };
      });
    });
}

function someRows(
  { connection, tables }: Room,
  range: KeyRange,
  at: number,
  { contents }: ListEntriesOptions,
): { rows: Row[]; isLast: boolean } {
  const found = connection
    .statement<Row>(
      // octet_length reads the row's header alone. The plus keeps SQLite from taking the index on expiration and
      // sorting the table for every page.
      `SELECT CAST(key AS BLOB) AS bytes, octet_length(value) AS size, expiration,
              ${contents ? 'CAST(value AS BLOB)' : 'NULL'} AS value
       FROM ${tables.cache} WHERE ${range.sql} AND +expiration > @at ORDER BY key LIMIT ${PAGE}`,
    )
    .iterate({ ...range.parameters, at });
  const rows: Row[] = [];
  let bytes = 0;
  for (const row of found) {
    rows.push(row);
    bytes += row.value?.length ?? 0;
    if (bytes >= MOST_AT_ONCE) return { rows, isLast: false };
  }

  return { rows, isLast: rows.length < PAGE };
}

/** Our own table has no order. */
function tagsOf({ connection, tables, prefix }: Room, storedKey: Buffer, key: string): readonly string[] {
  if (tagHashOf(key) === undefined || !tables.has('tags')) return [];
  const names = connection
    .statement<{ tag: string }>(`SELECT tag FROM ${tables.tags} WHERE key = CAST(? AS TEXT)`)
    .all(storedKey)
    .map(({ tag }) => tag.slice(prefix.length));
  return inTagOrder(names, key) ?? names;
}
