import { expect } from 'chai';

import type { Sample, ServerStats, StoreStats } from '../../../src/stores/contract/stats.js';

import { StatsRates } from '../../../src/features/stats/rates.js';
import { totalsOf } from '../../../src/features/stats/totals.js';
import { sizesOf, ttlsOf } from '../../../src/terminal/histogram.js';

function looked(...servers: readonly ServerStats[]): StoreStats {
  return { servers, notes: [] };
}

describe('figures of several servers', () => {
  it('are summed if every server reports them, and unknown otherwise', () => {
    const totals = totalsOf([
      { name: 'a', entries: 1, hits: 3, misses: 1, maxBytes: 10, uptime: 50, version: '7' },
      { name: 'b', entries: 2, hits: 3, misses: 1, maxBytes: null, uptime: 20, version: '8', clients: 3 },
      { name: 'c', failure: new Error('gone') },
    ]);
    expect(totals).to.deep.equal({
      entries: 3,
      hits: 6,
      misses: 2,
      hitRatio: 0.75,
      maxBytes: null,
      uptime: 20,
      version: '7, 8',
    });
  });

  it('have rates between two intervals', () => {
    const rates = new StatsRates();
    expect(rates.add(looked({ name: 'a', hits: 10, misses: 0 }, { name: 'b', hits: 5, misses: 5 }), 0)).to.equal(
      undefined,
    );
    const interval = rates.add(looked({ name: 'a', hits: 16, misses: 2 }, { name: 'b', hits: 5, misses: 5 }), 2000);
    expect(interval).to.include({
      seconds: 2,
      hitsPerSecond: 3,
      missesPerSecond: 1,
      hitRatio: 0.75,
      evictionsPerSecond: undefined,
    });
  });

  it('have no rates for a server that restarted or was away', () => {
    const rates = new StatsRates();
    rates.add(looked({ name: 'a', hits: 10 }), 0);
    expect(rates.add(looked({ name: 'a', hits: 1 }), 1000)!.hitsPerSecond).to.equal(undefined);
    rates.add(looked({ name: 'a', failure: new Error('gone') }), 2000);
    expect(rates.add(looked({ name: 'a', hits: 7 }), 3000)!.hitsPerSecond).to.equal(undefined);
    expect(rates.add(looked({ name: 'a', hits: 9 }), 4000)!.hitsPerSecond).to.equal(2);
  });
});

describe('a histogram', () => {
  it('puts each number into one bucket, with nearest-rank percentiles', () => {
    const sizes = sizesOf(sample(Array.from({ length: 100 }, (_, number) => ({ size: number + 1, ttl: null }))));
    expect(sizes).to.include({ median: 50, p90: 90, p99: 99, max: 100 });
    expect(sizes.buckets.map(({ entries }) => entries)).to.deep.equal([99, 1, 0, 0, 0, 0]);
  });

  it('separates never and unknown from TTLs', () => {
    const ttls = ttlsOf(sample([null, null, undefined, 59, 60].map((ttl) => ({ size: 1, ttl }))));
    expect(ttls).to.include({ never: 2, unknown: 1, median: 59, max: 60 });
    expect(ttls.buckets.slice(0, 2).map(({ entries }) => entries)).to.deep.equal([1, 1]);
    expect(ttlsOf(sample([]))).to.include({ median: null, max: null, never: 0 });
  });
});

function sample(entries: ReadonlyArray<{ size: number; ttl: null | number | undefined }>): Sample {
  return { entries, method: 'all of them', isComplete: true, isRandom: true };
}
