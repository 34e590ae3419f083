import { setImmediate as nextTurn } from 'node:timers/promises';

import type { Ttl } from '../../contract/entries.js';
import type { EntryPages, ListedEntry, ListEntriesOptions } from '../../contract/listing.js';
import type { DetectedBy } from '../../contract/locks.js';
import type { SqliteContext } from '../context.js';

import { pageAt } from '../../contract/listing.js';
import { CodedEntry } from '../../entries/coded-entry.js';
import { MAX_AT_ONCE } from '../../listing/byte-limit.js';
import { globMatcher, literalHead } from '../../listing/glob.js';
import { isScheduleMutex } from '../../locks/names.js';
import { now, ttlOf } from '../../sql/expiry.js';
import { ColumnCodec } from '../../sql/values.js';
import { type KeyRange, keysUnder } from '../keys.js';
import { SIZE } from '../schema.js';
import { namesOf } from '../tags/of-key.js';
import { type AsColumn, type ColumnText, type RowKey, rowsWithKeys, shortKey } from './row-keys.js';

/** Rows per page. */
const PAGE = 500;

/** The largest value that is read with its page, in bytes. */
const MAX_PAGED = MAX_AT_ONCE / PAGE;

/** The value is its size in bytes if contents are not requested. */
type Row = [storedKey: RowKey, value: ColumnText | number, expiration: number];

interface Page {
  readonly entries: readonly ListedEntry[];
  /** The key of the last row. Undefined if there was none. */
  readonly last: RowKey | undefined;
  /** The Unix time that TTLs count from. */
  readonly at: number;
}

/** Keys may contain any bytes. */
const PLACE = 'base64';

/** List live entries in the order of the primary key. */
export async function* listEntries(context: SqliteContext, options: ListEntriesOptions = {}): EntryPages {
  const read = reader(context, options);
  let after: RowKey | undefined = options.after === undefined ? undefined : Buffer.from(options.after, PLACE);
  do {
    options.signal?.throwIfAborted();
    const { entries, last, at } = read(after);
    if (entries.length > 0) yield pageAt(entries, last && Buffer.from(last).toString(PLACE), at * 1000);
    after = last;
    // Lets a signal arrive while nothing matches.
    await nextTurn();
  } while (after !== undefined);
}

/** No transaction stays open between pages. */
function reader(context: SqliteContext, options: ListEntriesOptions): (after: RowKey | undefined) => Page {
  const { connection, tables, prefix, codec } = context;
  const pattern = options.pattern ?? '*';
  const matches = globMatcher(pattern);
  const values = new ColumnCodec(codec);
  const listed = ([storedKey, value, expiration]: Row, key: string, at: number): ListedEntry => {
    const ttl = ttlOf(expiration, at);
    const entry: Listed =
      typeof value === 'number' ? { key, size: value, ttl } : new ReadEntry(key, new CodedEntry(value, ttl, values));
    if (options.tags) entry.tags = namesOf(context, storedKey);
    if (isScheduleMutex(key)) entry.lock = 'family';
    return entry;
  };

  return (after) =>
    connection.run(() => {
      if (!tables.has('cache')) return { entries: [], last: undefined, at: now() };
      return connection.read(() => {
        const at = now();
        const range = keysUnder(prefix + literalHead(pattern), { after });
        const rows = rowsWithKeys((as) => someRows(context, as, { range, at, options }));
        const entries: ListedEntry[] = [];
        for (const row of rows) {
          const key = shortKey(row[0], prefix);
          if (matches(key)) entries.push(listed(row, key, at));
        }

        return { entries, last: rows.at(-1)?.[0], at };
      });
    });
}

type Listed = { -readonly [Name in keyof ListedEntry]: ListedEntry[Name] };

/** Counts its bytes only when it is asked for its size: an export never asks. */
class ReadEntry implements ListedEntry {
  readonly key: string;
  readonly ttl: Ttl | undefined;
  readonly reading: CodedEntry;
  declare tags?: readonly string[];
  declare lock?: DetectedBy;

  constructor(key: string, reading: CodedEntry) {
    this.key = key;
    this.ttl = reading.ttl;
    this.reading = reading;
  }

  get size(): number {
    return this.reading.size;
  }
}

interface Asked {
  readonly range: KeyRange;
  readonly at: number;
  readonly options: ListEntriesOptions;
}

function someRows({ connection, tables }: SqliteContext, as: AsColumn, { range, at, options }: Asked): Row[] {
  const value = options.contents ? `iif(${SIZE} > ${MAX_PAGED}, ${SIZE}, ${as('value')})` : SIZE;
  const rows = connection
    .statement<Row>(
      // The plus keeps SQLite from taking the index on expiration and sorting the table for every page.
      `SELECT ${as('key')} AS storedKey, ${value}, expiration
       FROM ${tables.cache} WHERE ${range.sql} AND +expiration > @at ORDER BY key LIMIT ${PAGE}`,
    )
    .raw()
    .all({ ...range.parameters, at });
  if (!options.contents) return rows;
  const one = `SELECT ${as('value')} FROM ${tables.cache} WHERE key = CAST(? AS TEXT)`;
  let bytes = 0;
  for (const [index, row] of rows.entries()) {
    if (typeof row[1] !== 'number') continue;
    bytes += row[1];
    // A key that is not UTF-8 is not found as text, and rowsWithKeys reads the rows again.
    row[1] = connection.statement<[ColumnText]>(one).raw().get(row[0])?.[0] ?? '';
    if (bytes >= MAX_AT_ONCE) return rows.slice(0, index + 1);
  }

  return rows;
}
