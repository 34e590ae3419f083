import type { Sample } from '../stores/contract/stats.js';
import type { Ttl } from '../stores/contract/store.js';

import { ascending, percentile } from '../percentile.js';

/** A half-open range; `to` is null if it is unbounded. */
export interface Bucket {
  readonly from: number;
  readonly to: null | number;
  readonly entries: number;
}

/** A distribution. Percentiles are nearest-rank; null if there are no numbers. */
export interface Histogram {
  readonly median: null | number;
  readonly p90: null | number;
  readonly p99: null | number;
  readonly max: null | number;
  readonly buckets: readonly Bucket[];
}

/** The TTLs of entries that expire, and the number of entries without a TTL or with an unknown one. */
export interface TtlHistogram extends Histogram {
  readonly never: number;
  readonly unknown: number;
}

const SIZE_EDGES = [0, 100, 1000, 10_000, 100_000, 1_000_000];

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
const TTL_EDGES = [0, MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY];

/** The distribution of entry sizes, in bytes. */
export function sizesOf({ entries }: Sample): Histogram {
  return histogram(
    entries.map(({ size }) => size),
    SIZE_EDGES,
  );
}

/** The distribution of TTLs, in seconds. */
export function ttlsOf({ entries }: Sample): TtlHistogram {
  const ttls: ReadonlyArray<Ttl | undefined> = entries.map(({ ttl }) => ttl);
  return {
    ...histogram(
      ttls.filter((ttl) => typeof ttl === 'number'),
      TTL_EDGES,
    ),
    never: ttls.filter((ttl) => ttl === null).length,
    unknown: ttls.filter((ttl) => ttl === undefined).length,
  };
}

function histogram(numbers: readonly number[], edges: readonly number[]): Histogram {
  const sorted = ascending(numbers);
  const at = (share: number): null | number => percentile(sorted, share) ?? null;
  return {
    median: at(0.5),
    p90: at(0.9),
    p99: at(0.99),
    max: at(1),
    buckets: edges.map((from, index) => {
      const to = edges[index + 1] ?? null;
      return { from, to, entries: sorted.filter((number) => number >= from && (to === null || number < to)).length };
    }),
  };
}
