import { setImmediate as nextTurn } from 'node:timers/promises';

import type { Room } from './entries.js';

import { globMatcher, literalHead } from '../glob.js';
import { now } from './expiry.js';
import { type RowKey, rowsWithKeys, shortKey } from './row-keys.js';

/** Rows that are read at once. */
const PAGE = 1000;

/** Keys of entries that count, without the prefix, in the order of the primary key. */
export async function* entryKeys(room: Room, pattern: string): AsyncGenerator<string> {
  const matches = globMatcher(pattern);
  let page: ReadonlyArray<{ readonly storedKey: RowKey }> = [];
  do {
    page = nextPage(room, room.prefix + literalHead(pattern), page.at(-1)?.storedKey);
    for (const { storedKey } of page) {
      const key = shortKey(storedKey, room.prefix);
      if (matches(key)) yield key;
    }

    // Lets a signal be heard while nothing matches.
    await nextTurn();
  } while (page.length === PAGE);
}

/** A condition on the column `key`, with its named parameters; it reads the primary key's index only. */
export interface KeyRange {
  readonly sql: string;
  readonly parameters: Readonly<Record<string, RowKey>>;
}

interface Bounds {
  readonly after?: RowKey | undefined;
  readonly last?: RowKey | undefined;
}

/**
 * The keys that begin with `prefix`, byte by byte. (LIKE would ignore case and take `%` and `_` as wildcards.)
 * With `after`, only those that come after that key; with `last`, which is one of them, those up to it.
 */
export function keysUnder(prefix: string, { after, last }: Bounds = {}): KeyRange {
  const low = Buffer.from(prefix);
  const from = after ? `"key" > CAST(@after AS TEXT)` : `"key" >= CAST(@low AS TEXT)`;
  const fromParameters: Record<string, RowKey> = after ? { after } : { low };
  // In place of the prefix's end: of two ends SQLite would look for one, and go through all up to it.
  if (last) return { sql: `${from} AND "key" <= CAST(@last AS TEXT)`, parameters: { ...fromParameters, last } };
  if (low.length === 0) return { sql: from, parameters: fromParameters };
  const high = upperBound(low);
  return { sql: `${from} AND "key" < CAST(@high AS TEXT)`, parameters: { ...fromParameters, high } };
}

/** The same condition on any expression, without parameters, which a trigger's SQL cannot have. */
export function literalKeysUnder(prefix: string, key: string): string {
  const low = Buffer.from(prefix);
  if (low.length === 0) return '1';
  return `${key} >= ${textLiteral(low)} AND ${key} < ${textLiteral(upperBound(low))}`;
}

/**
 * A condition on any expression: keys of tagged entries under the prefix. The hash of the tags' names comes right after the
 * prefix, so keys of other prefixes are never met, even where prefix and name together read the same.
 */
export function taggedKeysUnder(prefix: string, key: string): string {
  const from = Buffer.byteLength(prefix) + 1;
  const head = `CAST(substr(CAST(${key} AS BLOB), ${from}, ${TAGGED_HEAD_LENGTH}) AS TEXT)`;
  return `${literalKeysUnder(prefix, key)} AND ${head} GLOB '${TAGGED_HEAD}'`;
}

/** SHA-1 in lower-case hexadecimal and a colon; see `taggedKey`. */
const TAGGED_HEAD = `${'[0-9a-f]'.repeat(40)}:`;
const TAGGED_HEAD_LENGTH = 41;

/** The least text that is greater than all that begins with `prefix`, whose last byte is never 0xff, being UTF-8. */
function upperBound(prefix: Buffer): Buffer {
  const bound = Buffer.from(prefix);
  bound.writeUInt8(bound.readUInt8(bound.length - 1) + 1, bound.length - 1);
  return bound;
}

function textLiteral(bytes: Buffer): string {
  return `CAST(X'${bytes.toString('hex')}' AS TEXT)`;
}

/** No transaction stays open between pages. */
function nextPage(
  { connection, tables }: Room,
  prefix: string,
  after: RowKey | undefined,
): ReadonlyArray<{ readonly storedKey: RowKey }> {
  const range = keysUnder(prefix, { after });
  return connection.run(() => {
    if (!tables.has('cache')) return [];
    const parameters = { ...range.parameters, at: now() };
    return rowsWithKeys((as) =>
      connection
        .statement<{ storedKey: RowKey }>(
          // The plus keeps SQLite from taking the index on expiration and sorting the table for every page.
          `SELECT ${as('key')} AS storedKey FROM ${tables.cache} WHERE ${range.sql} AND +expiration > @at ORDER BY key LIMIT ${PAGE}`,
        )
        .all(parameters),
    );
  });
}
