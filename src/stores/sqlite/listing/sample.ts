import { setImmediate as nextTurn } from 'node:timers/promises';

import type { Sample, SampledEntry, SampleOptions } from '../../contract/stats.js';
import type { SqliteContext } from '../context.js';

import { Reservoir } from '../../listing/reservoir.js';
import { now, ttlOf } from '../../sql/expiry.js';
import { keysUnder, literalKeysUnder } from '../keys.js';
import { SIZE } from '../schema.js';

/** Up to this many rows under the prefix, all are read. With more, rowids are drawn. */
const MAX_WALKED = 100_000;

/** The maximum number of draws. Many rowids may have no row, or one of another prefix. */
const MAX_DRAWN = 200_000;

/** Draws per step. A signal can arrive between steps. */
const STEP = 5000;

/**
 * A fair sample of all rows or, with many rows, of random rowids. A rowid without a row is skipped; taking the next row
 * would favour rows after gaps.
 */
export async function sample(context: SqliteContext, options: SampleOptions): Promise<Sample> {
  options.signal?.throwIfAborted();
  const walked = context.connection.run(() => walk(context, options.size));
  return walked ?? draw(context, options);
}

/** Undefined if there are too many rows and they have rowids. */
function walk(context: SqliteContext, size: number): Sample | undefined {
  const { connection, tables, prefix } = context;
  if (!tables.has('cache')) return { entries: [], method: ALL, isComplete: true, isRandom: true, looked: 0 };
  const hasRowids = tableHasRowids(context);
  const { sql, parameters } = keysUnder(prefix);
  const at = now();
  const chosen = new Reservoir<SampledEntry>(size);
  const rows = connection
    .statement<Row>(
      `SELECT ${SIZE} AS size, expiration FROM ${tables.cache} WHERE ${sql} ORDER BY key LIMIT ${MAX_WALKED + 1}`,
    )
    .iterate(parameters);
  let looked = 0;
  for (const row of rows) {
    if (++looked > MAX_WALKED) break;
    if (row.expiration > at) chosen.offer(sampled(row, at));
  }

  const isWhole = looked <= MAX_WALKED;
  if (!isWhole && hasRowids) return undefined;
  return {
    entries: chosen.kept,
    method: isWhole ? ALL : `a random choice of the first ${MAX_WALKED} by key`,
    isComplete: isWhole && chosen.offered <= size,
    isRandom: isWhole,
    looked: Math.min(looked, MAX_WALKED),
  };
}

const ALL = 'a random choice of all of them';

async function draw(context: SqliteContext, { size, signal }: SampleOptions): Promise<Sample> {
  const { connection, tables, prefix } = context;
  const at = now();
  const found = new Map<number, SampledEntry>();
  let drawn = 0;
  while (found.size < size && drawn < MAX_DRAWN) {
    connection.run(() => {
      const { least, most } = connection
        .statement<{ least: number; most: number }>(
          `SELECT (SELECT min(rowid) FROM ${tables.cache}) AS least, (SELECT max(rowid) FROM ${tables.cache}) AS most`,
        )
        .get()!;
      const row = connection.statement<Row>(
        `SELECT ${SIZE} AS size, expiration FROM ${tables.cache}
         WHERE rowid = ? AND expiration > ? AND ${literalKeysUnder(prefix, 'key')}`,
      );
      for (let times = 0; times < STEP && found.size < size; times++, drawn++) {
        const number = least + Math.floor(Math.random() * (most - least + 1));
        const hit = row.get(number, at);
        if (hit) found.set(number, sampled(hit, at));
      }
    });
    await nextTurn();
    signal?.throwIfAborted();
  }

  const entries = [...found.values()];
  return { entries, method: 'rows drawn at random', isComplete: false, isRandom: true, looked: drawn };
}

interface Row {
  readonly size: number;
  readonly expiration: number;
}

function sampled({ size, expiration }: Row, at: number): SampledEntry {
  return { size, ttl: ttlOf(expiration, at) };
}

/** False for views and tables WITHOUT ROWID. */
function tableHasRowids({ connection, profile }: SqliteContext): boolean {
  const row = connection
    .statement<{ wr: number; type: string }>(`SELECT type, wr FROM pragma_table_list(?) WHERE schema = 'main'`)
    .get(profile.table);
  return row !== undefined && row.type === 'table' && row.wr === 0;
}
