import { expect } from 'chai';

import type { Sample, ServerStats } from '../../stores/contract/stats.js';
import type { NewEntry, Store } from '../../stores/contract/store.js';

import { integer, string } from '../../codecs/value.js';
import { newOwner } from '../../stores/locks/owner.js';
import { failure, type Stores, until } from './stores.js';

/** For stores with figures, or with a sample. */
export function describeStats(stores: Stores): void {
  if (stores.has('stats')) describeFigures(stores);
  if (stores.has('sample')) describeSamples(stores);
}

function describeFigures(stores: Stores): void {
  describe('stats', () => {
    it('have at least one server, unique names, and no negative figures', async () => {
      const store = await stores.fresh();
      await store.put('k', string('v'), 60);
      const { servers, notes } = await store.stats!();
      expect(notes).to.deep.equal([]);
      expect(servers).not.to.be.empty;
      expect(new Set(servers.map(({ name }) => name)).size).to.equal(servers.length);
      for (const { name, failure: why, details = {}, ...facts } of servers) {
        expect(name).to.match(/\S/);
        expect(why).to.equal(undefined);
        for (const [fact, value] of Object.entries(facts)) {
          expect(value, fact).not.to.equal(undefined);
          if (typeof value === 'number') expect(value, fact).to.be.at.least(0).and.satisfies(Number.isFinite);
        }

        for (const [name, { value }] of Object.entries(details)) {
          expect(name).to.match(/^[a-z][A-Za-z]*$/);
          expect(value).not.to.equal(undefined);
        }
      }
    });

    it('count the entries, and those under the prefix if that is cheap', async () => {
      const store = await stores.fresh();
      const before = await store.stats!();
      await store.putMany(numbered(50));
      // Some servers update their count a little later. Entries of other tests may expire meanwhile.
      await until(async () => entriesOf((await store.stats!()).servers) >= 50);
      const { underPrefix } = await store.stats!();
      if (underPrefix !== undefined) expect(underPrefix).to.equal(50);
      expect(await store.stats!({ brief: true }))
        .to.have.property('servers')
        .that.has.lengthOf(before.servers.length);
    });

    it('count hits and misses, if the store reports them', async () => {
      const store = await stores.fresh();
      await store.put('k', string('v'), 60);
      const before = (await store.stats!()).servers;
      await store.get('k');
      await store.get('none');
      for (const what of ['hits', 'misses'] as const) {
        const sum = (servers: readonly ServerStats[]): number | undefined => total(servers, what);
        const least = sum(before);
        if (least === undefined) continue;
        await until(async () => sum((await store.stats!()).servers)! > least);
      }
    });

    it('end on the signal', async () => {
      const store = await stores.fresh();
      expect(await failure(store.stats!({ signal: AbortSignal.abort() }))).to.have.property('name', 'AbortError');
    });
  });
}

function describeSamples(stores: Stores): void {
  describe('a sample', () => {
    it('is complete for few entries, with sizes and TTLs', async () => {
      const store = await stores.fresh();
      await (await stores.fresh()).put('theirs', string('v'), 60);
      await store.put('long', string('x'.repeat(1000)), 60);
      await store.put('empty', string(''), null);
      if (stores.has('tags')) await store.tags(['people']).put('ann', string('Ann'), 60);
      await store.put('gone', string('v'), 1);
      await until(async () => (await store.get('gone')) === undefined);
      const sample = await sampleOf(store, 1000);
      expect(sample).to.include({ isComplete: true, isRandom: true });
      const [first, ...others] = [...sample.entries].sort((one, other) => other.size - one.size);
      expect(others).to.have.lengthOf(stores.has('tags') ? 2 : 1);
      // A value may be compressed, and some servers count overhead.
      expect(first!.size).to.be.within(20, 1200);
      stores.expectTtl(first, [50, 60]);
      expect(others.map(({ ttl }) => ttl)).to.include(null);
    });

    it('has the requested number of many entries, and does not claim to be complete', async () => {
      const store = await stores.fresh();
      await store.putMany(numbered(3000));
      const sample = await sampleOf(store, 100);
      expect(sample.isComplete).to.equal(false);
      expect(sample.isRandom).to.equal(true);
      expect(sample.entries).to.have.lengthOf(100);
      expect(sample.method).to.match(/\S/);
      for (const entry of sample.entries) {
        expect(entry.size).to.be.greaterThan(0);
        stores.expectTtl(entry, [500, 600]);
      }
    });

    it('has no entries of other prefixes, and no locks known by name', async () => {
      const store = await stores.fresh();
      await (await stores.fresh()).putMany(numbered(100));
      if (stores.has('lock')) await store.lock('framework/command-migrate').acquire(newOwner(), 60);
      expect((await sampleOf(store, 10)).entries).to.deep.equal([]);
    });

    it('ends on the signal', async () => {
      const store = await stores.fresh();
      expect(await failure(store.sample!({ size: 10, signal: AbortSignal.abort() }))).to.have.property(
        'name',
        'AbortError',
      );
    });
  });
}

async function sampleOf(store: Store, size: number): Promise<Sample> {
  return store.sample!({ size });
}

function entriesOf(servers: readonly ServerStats[]): number {
  return total(servers, 'entries') ?? 0;
}

/** Undefined if no server reports it. */
function total(servers: readonly ServerStats[], what: 'entries' | 'hits' | 'misses'): number | undefined {
  const reported = servers.map(({ [what]: value }) => value).filter((value) => value !== undefined);
  return reported.length === 0 ? undefined : reported.reduce((sum, value) => sum + value, 0);
}

function* numbered(count: number): Generator<NewEntry> {
  for (let number = 0; number < count; number++) yield { key: `n:${number}`, value: integer(number), ttl: 600 };
}
