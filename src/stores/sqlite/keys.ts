import { keyToBytes } from '../entries/key-text.js';
import { SCHEDULE_MUTEX_HEADS } from '../locks/names.js';
import { type RowKey } from './listing/row-keys.js';

/** A condition on the column `key` with its named parameters. It reads only the primary key's index. */
export interface KeyRange {
  readonly sql: string;
  readonly parameters: Readonly<Record<string, number | RowKey>>;
}

interface Bounds {
  readonly after?: RowKey | undefined;
  readonly last?: RowKey | undefined;
}

/**
 * Keys that begin with the bytes of `prefix`. (LIKE would ignore case and take `%` and `_` as wildcards.) With `after`,
 * only those after that key. With `last`, which has the prefix, only those up to it.
 */
export function keysUnder(prefix: string, { after, last }: Bounds = {}): KeyRange {
  const low = keyToBytes(prefix);
  const from = after ? `"key" > CAST(@after AS TEXT)` : `"key" >= CAST(@low AS TEXT)`;
  const fromParameters: Record<string, RowKey> = after ? { after } : { low };
  // Replaces the upper bound of the prefix: with two upper bounds, SQLite may choose the wrong one and read too much.
  if (last) return { sql: `${from} AND "key" <= CAST(@last AS TEXT)`, parameters: { ...fromParameters, last } };
  const high = upperBound(low);
  if (high === undefined) return { sql: `${from} AND "key" < ${FIRST_BLOB}`, parameters: fromParameters };
  return { sql: `${from} AND "key" < CAST(@high AS TEXT)`, parameters: { ...fromParameters, high } };
}

/** Sorts after every text. No client finds a key that another program stored as a BLOB: a text never equals it. */
export const FIRST_BLOB = "X''";

/** The same condition on any expression, without parameters, which triggers cannot have. */
export function literalKeysUnder(prefix: string, key: string): string {
  const low = keyToBytes(prefix);
  const high = upperBound(low);
  if (low.length === 0) return '1';
  const from = `${key} >= ${textLiteral(low)}`;
  return high === undefined ? from : `${from} AND ${key} < ${textLiteral(high)}`;
}

/**
 * A condition on any expression: keys of tagged entries under the prefix. The hash of the tag names directly follows
 * the prefix, so it never matches keys of another prefix, even if prefix and key together read the same.
 */
export function taggedKeysUnder(prefix: string, key: string): string {
  const from = Buffer.byteLength(prefix) + 1;
  const head = `CAST(substr(CAST(${key} AS BLOB), ${from}, ${TAGGED_HEAD_LENGTH}) AS TEXT)`;
  return `${literalKeysUnder(prefix, key)} AND ${head} GLOB '${TAGGED_HEAD}'`;
}

/** The mutexes of Laravel's scheduler, which are stored among the entries. With `after`, only those after that key. */
export function mutexesUnder(prefix: string, bounds: Pick<Bounds, 'after'> = {}): KeyRange {
  const { sql, parameters } = keysUnder(prefix + MUTEX_HEAD, bounds);
  return { sql: `${sql} AND ${isMutex(prefix)}`, parameters };
}

/** A range of `keysUnder(prefix)` without the scheduler's mutexes that are held at Unix time `at`. */
export function withoutMutexes({ sql, parameters }: KeyRange, prefix: string, at: number): KeyRange {
  return { sql: `${sql} AND NOT (${isMutex(prefix)} AND +expiration > @at)`, parameters: { ...parameters, at } };
}

/** The beginning of all mutex names. */
const MUTEX_HEAD = 'framework';

/** The pluses keep SQLite from searching the index for each head and sorting the results. */
function isMutex(prefix: string): string {
  const conditions = SCHEDULE_MUTEX_HEADS.map((head) => {
    const from = Buffer.byteLength(prefix + head) + 1;
    const hash = `CAST(substr(CAST(+key AS BLOB), ${from}, ${HASH_LENGTH}) AS TEXT)`;
    return `(${literalKeysUnder(prefix + head, '+key')} AND ${hash} GLOB '${HASH}')`;
  });
  return `(${conditions.join(' OR ')})`;
}

/** SHA-1 in lower-case hexadecimal and a colon; see `taggedKey`. */
const TAGGED_HEAD = `${'[0-9a-f]'.repeat(40)}:`;
const TAGGED_HEAD_LENGTH = 41;

/** The same without the colon. */
const HASH = '[0-9a-f]'.repeat(40);
const HASH_LENGTH = 40;

/** The smallest text greater than every text that begins with `prefix`. Undefined if there is none. */
function upperBound(prefix: Buffer): Buffer | undefined {
  let { length } = prefix;
  while (prefix[length - 1] === LAST_BYTE) length--;
  if (length === 0) return undefined;
  const bound = Buffer.from(prefix.subarray(0, length));
  bound[length - 1]!++;
  return bound;
}

const LAST_BYTE = 0xff;

function textLiteral(bytes: Buffer): string {
  return `CAST(X'${bytes.toString('hex')}' AS TEXT)`;
}
