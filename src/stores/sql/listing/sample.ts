import type { Sample, SampledEntry, SampleOptions } from '../../contract/stats.js';
import type { SqlContext } from '../context.js';

import { Reservoir } from '../../listing/reservoir.js';
import { ttlOf } from '../expiry.js';
import { under } from '../keys.js';
import { sql } from '../statement.js';

/** The maximum number of rows to read, the first by key. */
const MAX_READ = 200_000;

/** Rows per statement. */
const PAGE = 10_000;

interface Row {
  readonly key: Buffer;
  readonly size: number;
  readonly expiration: number;
  readonly at: number;
}

/** A random sample of the rows under the prefix, or of the first MAX_READ. */
export async function sample(context: SqlContext, { size, signal }: SampleOptions): Promise<Sample> {
  signal?.throwIfAborted();
  const { dialect, entries, tables, prefix } = context;
  const { key, now } = dialect;
  const chosen = new Reservoir<SampledEntry>(size);
  let looked = 0;
  let rows: readonly Row[] = [];
  do {
    const range = under(dialect, key, prefix, { after: rows.at(-1)?.key });
    ({ rows } = await entries.page<Row>(
      sql`SELECT ${key}, OCTET_LENGTH(value) AS size, expiration, ${now} AS at FROM ${tables.cache}
          WHERE ${range} ORDER BY ${key} LIMIT ${PAGE}`,
    ));
    for (const { size: bytes, expiration, at } of rows) {
      if (expiration > at) chosen.offer({ size: bytes, ttl: ttlOf(expiration, at) });
    }

    looked += rows.length;
    signal?.throwIfAborted();
  } while (rows.length === PAGE && looked < MAX_READ);

  const isWhole = rows.length < PAGE;
  return {
    entries: chosen.kept,
    method: isWhole ? 'a random choice of all of them' : `a random choice of the first ${looked} by key`,
    isComplete: isWhole && chosen.offered <= size,
    isRandom: isWhole,
    looked,
  };
}
