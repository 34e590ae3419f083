import type { EntryPage, EntryPages, ListedEntry, ListEntriesOptions } from '../../contract/listing.js';
import type { SqlContext } from '../context.js';

import { pageAt } from '../../contract/listing.js';
import { CodedEntry } from '../../entries/coded-entry.js';
import { PAGE_SIZE } from '../../listing/batches.js';
import { MAX_AT_ONCE, withinBytes } from '../../listing/byte-limit.js';
import { globMatcher, literalHead } from '../../listing/glob.js';
import { prefetch } from '../../listing/prefetch.js';
import { isScheduleMutex } from '../../locks/names.js';
import { ttlOf } from '../expiry.js';
import { under } from '../keys.js';
import { raw, sql } from '../statement.js';
import { namesOf } from '../tags/of-keys.js';
import { shortText } from '../text.js';

interface Row {
  readonly key: Buffer;
  readonly size: number;
  readonly expiration: number;
  readonly at: number;
  /** Null if it was not read with the page. */
  readonly value: Buffer | null;
}

/** The longest value that is read with its page, in bytes. A second statement would take longer than all of these. */
const SHORT = MAX_AT_ONCE / PAGE_SIZE;

/** Clocks that agree differ by less than this, in milliseconds, with the second that the server leaves out. */
const MAX_SKEW_MS = 2000;

/** A position is the last key. Keys may hold any bytes. */
const PLACE = 'base64';

/** Entries that count, in the order of the primary key. No transaction stays open between pages. */
export async function* listEntries(context: SqlContext, options: ListEntriesOptions = {}): EntryPages {
  options.signal?.throwIfAborted();
  // Fetch the next page while the reader handles this one.
  yield* options.contents ? prefetch(pages(context, options)) : pages(context, options);
}

async function* pages(context: SqlContext, options: ListEntriesOptions): AsyncGenerator<EntryPage> {
  const { dialect, entries, tables, prefix } = context;
  const { key, now } = dialect;
  const pattern = options.pattern ?? '*';
  const matches = globMatcher(pattern);
  let after: Buffer | undefined = options.after === undefined ? undefined : Buffer.from(options.after, PLACE);
  for (let isLast = false; !isLast;) {
    options.signal?.throwIfAborted();
    const range = under(dialect, key, prefix + literalHead(pattern), { after });
    const value = options.contents ? sql`CASE WHEN OCTET_LENGTH(value) <= ${SHORT} THEN value END` : raw('NULL');
    const askedAt = Date.now();
    const { rows } = await entries.page<Row>(
      sql`SELECT ${key}, OCTET_LENGTH(value) AS size, expiration, ${now} AS at, ${value} AS value FROM ${tables.cache}
          WHERE ${range} AND expiration + 0 > ${now} ORDER BY ${key} LIMIT ${PAGE_SIZE}`,
    );
    const readAt = readTime(rows[0]?.at, askedAt);
    isLast = rows.length < PAGE_SIZE;
    after = rows.at(-1)?.key;
    const meant = rows.filter((row) => matches(shortText(row.key, prefix)));
    if (!options.contents) {
      if (meant.length > 0) yield pageAt(await listed(context, meant, options), after?.toString(PLACE));
      continue;
    }

    for (const some of withinBytes(meant)) {
      yield pageAt(await listed(context, some, options), some.at(-1)!.key.toString(PLACE), readAt);
    }
  }
}

/**
 * The second of the server that the TTLs count from, so that expirations are exact. The local time if the clocks differ.
 */
function readTime(at: number | undefined, askedAt: number): number {
  const time = at === undefined ? askedAt : at * 1000;
  return time > askedAt - MAX_SKEW_MS && time < Date.now() + MAX_SKEW_MS ? time : askedAt;
}

async function listed(
  context: SqlContext,
  rows: readonly Row[],
  { contents, tags }: ListEntriesOptions,
): Promise<readonly ListedEntry[]> {
  const unread = contents ? rows.filter(({ value }) => value === null) : [];
  const long = await valuesOf(context, unread);
  const names = tags
    ? await namesOf(
        context,
        rows.map((row) => row.key),
      )
    : undefined;
  const entries: ListedEntry[] = [];
  for (const { key, size, expiration, at, value: read } of rows) {
    const short = shortText(key, context.prefix);
    const id = key.toString('latin1');
    const ttl = ttlOf(expiration, at);
    const value = read ?? long.get(id);
    if (contents && value === undefined) continue;
    entries.push({
      key: short,
      size: value?.length ?? size,
      ttl,
      ...(isScheduleMutex(short) && { lock: 'family' as const }),
      ...(names && { tags: names.get(id) ?? [] }),
      ...(value && { reading: new CodedEntry(value, ttl, context.values) }),
    });
  }

  return entries;
}

/** The rows that still exist, by the bytes of the key as Latin-1. */
async function valuesOf(
  { dialect, entries, tables }: SqlContext,
  rows: readonly Row[],
): Promise<ReadonlyMap<string, Buffer>> {
  if (rows.length === 0) return new Map();
  const keys = rows.map(({ key }) => key);
  const answer = await entries.run<{ key: Buffer; value: Buffer }>(
    sql`SELECT ${dialect.key}, value FROM ${tables.cache} WHERE ${dialect.isOneOf(dialect.key, keys)} AND expiration + 0 > ${dialect.now}`,
  );
  return new Map(answer.rows.map(({ key, value }) => [key.toString('latin1'), value]));
}
