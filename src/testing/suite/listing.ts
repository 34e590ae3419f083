import { expect } from 'chai';

import type { ListedEntry, ListEntriesOptions } from '../../stores/contract/listing.js';
import type { NewEntry, Store } from '../../stores/contract/store.js';

import { integer, string } from '../../codecs/value.js';
import { newOwner } from '../../stores/locks/owner.js';
import { all, failure, type Stores, textOf, until } from './stores.js';

/** For stores that list entries, which is optional for stores that list keys. */
export function describeListing(stores: Stores): void {
  const { idleTimes = false, keyBytes, listingPlaces, lockStorage } = stores.traits;
  const [locks, tags] = [stores.has('lock'), stores.has('tags')];
  describe('a listing of entries', () => {
    it('has the size and TTL of each live entry, without the prefix', async () => {
      const store = await stores.fresh();
      const other = await stores.fresh();
      await other.put('theirs', string('v'), 60);
      await store.put('long', string(stores.noise(1000)), 60);
      await store.put('empty', string(''), null);
      await store.put('gone', string('v'), 1);
      if (keyBytes === undefined) await store.put('two\nlines žluť', integer(7), 600);
      await until(async () => (await store.get('gone')) === undefined);
      const listed = await listOf(store);
      expect(listed.map(({ key }) => key)).to.deep.equal([
        'empty',
        'long',
        ...(keyBytes === undefined ? ['two\nlines žluť'] : []),
      ]);
      stores.expectTtl(listed[0], null);
      stores.expectTtl(listed[1], [50, 60]);
      expect(listed[1]!.size).to.be.within(1000, 1200);
      for (const entry of listed) expect(entry).to.have.all.keys('key', 'size', 'ttl');
    });

    it('has only entries that match the glob', async () => {
      const store = await stores.fresh();
      for (const key of ['user:1', 'user:2', 'User:1', 'post:1']) await store.put(key, string('v'), 60);
      expect((await listOf(store, { pattern: 'user:*' })).map(({ key }) => key)).to.deep.equal(['user:1', 'user:2']);
      expect((await listOf(store, { pattern: '*:1' })).map(({ key }) => key)).to.deep.equal([
        'User:1',
        'post:1',
        'user:1',
      ]);
      expect(await listOf(store, { pattern: 'user' })).to.deep.equal([]);
    });

    it('reads values on request', async () => {
      const store = await stores.fresh();
      await store.put('text', string('žluť'), 60);
      await store.put('number', integer(42), null);
      const bytes = [Buffer.from([0, 255, 10, 13]), Buffer.from([0, 10, 13])].find((each) =>
        stores.holds(string(each)),
      )!;
      await store.put('bytes', string(bytes), 60);
      const listed = await listOf(store, { contents: true });
      expect(listed.map(({ key, reading }) => [key, contentOf(reading)])).to.deep.equal([
        ['bytes', bytes.toString()],
        ['number', '42'],
        ['text', 'žluť'],
      ]);
      const { reading } = listed[1]!;
      stores.expectTtl(reading instanceof Error ? undefined : reading, null);
    });

    it('yields pages of the requested size, and can be left before the end', async () => {
      const store = await stores.fresh();
      await store.putMany(numbered(5000));
      const options = { contents: true, idle: true, tags: true };
      const keys = new Set((await listOf(store, options)).map(({ key }) => key));
      expect(keys.size).to.equal(5000);
      const sizes = (await all(store.entries!(options))).map((page) => page.length);
      expect(sizes.length).to.be.greaterThan(2);
      const left = store.entries!()[Symbol.asyncIterator]();
      expect((await left.next()).value?.[0]?.key).to.match(/^n:\d+$/);
      await left.return?.();
      expect(textOf(await store.get('n:1'))).to.equal('1');
    });

    // If all data is in this process, a page takes no extra memory.
    if (stores.harness.profile) readsLargeContents(stores);

    it('ends on the signal', async () => {
      const store = await stores.fresh();
      await store.putMany(numbered(3000));
      expect(await failure(all(store.entries!({ signal: AbortSignal.abort() })))).to.have.property(
        'name',
        'AbortError',
      );
      const controller = new AbortController();
      const reading = (async () => {
        for await (const page of store.entries!({ signal: controller.signal })) if (page.length > 0) controller.abort();
      })();
      expect(await failure(reading)).to.equal(controller.signal.reason);
    });

    it(`${idleTimes ? 'include' : 'omit'} their idle times`, async () => {
      const store = await stores.fresh();
      await store.put('k', string('v'), 60);
      const [entry] = await listOf(store, { idle: true });
      if (idleTimes) expect(entry!.idle).to.be.within(0, 30);
      else expect(entry).not.to.have.property('idle');
      expect((await listOf(store))[0]).not.to.have.property('idle');
    });

    if (tags) describeTagsOfEntries(stores);

    describePlaces(stores, listingPlaces === true);

    if (locks) {
      const isApart = lockStorage === 'separate';
      it(isApart ? 'has no locks' : 'says which are locks', async () => {
        const store = await stores.fresh();
        await store.put('entry', string('v'), 60);
        await store.lock('deploy').acquire(newOwner(), 60);
        await store.lock('framework/command-migrate').acquire('somebody', 60);
        const reported = (await listOf(store)).map(({ key, lock }) => [key, lock]);
        const deploy = ['deploy', 'cachectl-owner'];
        const entry = ['entry', undefined];
        const migrate = ['framework/command-migrate', 'family'];
        expect(reported).to.deep.equal(isApart ? [entry] : [deploy, entry, migrate]);
      });
    }
  });
}

/** Redis lists some keys twice if its table shrinks meanwhile. */
const FEW = 100;

function describePlaces(stores: Stores, hasPlaces: boolean): void {
  const options = { pattern: 'n:*', contents: true, places: true };
  if (!hasPlaces) {
    it('has no positions, and ignores one', async () => {
      const store = await stores.fresh();
      await store.putMany(numbered(3));
      const pages = await all(store.entries!({ ...options, after: 'somewhere' }));
      expect(pages.flat()).to.have.lengthOf(3);
      for (const page of pages) expect(page.place).to.be.undefined;
    });
    return;
  }

  it('continues behind each position, in another process too, without gaps and with few duplicates', async () => {
    const store = await stores.fresh();
    await store.put('other', string('v'), 60);
    await store.putMany(numbered(5000));
    const pages = await all(store.entries!(options));
    const places = pages.flatMap(({ place }, index) => (place === undefined ? [] : [{ place, index }]));
    expect(places.length).to.be.greaterThan(2);
    const reader = await stores.second(store);
    for (const { place, index } of [places[0]!, places[1]!, places.at(-1)!]) {
      const before = pages.slice(0, index + 1).flat();
      const behind = (await all(reader.entries!({ ...options, after: place }))).flat();
      expect(behind.length).to.be.within(5000 - before.length, 5000 - before.length + FEW);
      expect(new Set([...before, ...behind].map(({ key }) => key)).size).to.equal(5000);
    }
  });

  it('continues behind a removed entry, with all entries that existed throughout', async () => {
    const store = await stores.fresh();
    await store.putMany(numbered(3000));
    const read: ListedEntry[] = [];
    let place: string | undefined;
    for await (const page of store.entries!(options)) {
      read.push(...page);
      ({ place } = page);
      if (place !== undefined && read.length > 0) break;
    }

    await store.forget([read.at(-1)!.key]);
    const rest = (await all(store.entries!({ ...options, after: place! }))).flat();
    expect(read.length + rest.length).to.be.within(3000, 3000 + FEW);
  });
}

function readsLargeContents(stores: Stores): void {
  it('reads large values a few at a time', async () => {
    const store = await stores.fresh();
    const large = string(stores.noise(700_000));
    for (let number = 0; number < 20; number++) await store.put(`large:${number}`, large, 60);
    const pages = await all(store.entries!({ contents: true }));
    expect(Math.max(...pages.map((page) => page.length))).to.be.lessThan(12);
    expect(pages.flat()).to.have.lengthOf(20);
  });
}

/** A store that makes entries unreachable instead of removing them has no list of them, and no names. */
function describeTagsOfEntries(stores: Stores): void {
  const isReported = stores.traits.countsTagged;
  it(isReported ? 'include their tags, in the order of the put' : 'omit their tags', async () => {
    const store = await stores.fresh();
    await store.put('plain', string('v'), 60);
    await store.tags(['people']).put('Ann', string('v'), 60);
    await store.tags(['people', 'artists', 'žluť']).put('Bob', string('v'), null);
    await store.tags(['artists', 'people']).put('Cid', string('v'), 60);
    const listed = await all(store.entries!({ tags: true }));
    const byName = new Map(listed.flat().map(({ key, tags }) => [key.split(':').at(-1), tags]));
    expect(byName.size).to.equal(4);
    const named = {
      plain: [],
      Ann: ['people'],
      Bob: ['people', 'artists', 'žluť'],
      Cid: ['artists', 'people'],
    };
    for (const [name, tags] of Object.entries(named)) {
      expect(byName.get(name), name).to.deep.equal(isReported ? tags : undefined);
    }
  });
}

function* numbered(count: number): Generator<NewEntry> {
  for (let number = 0; number < count; number++) yield { key: `n:${number}`, value: integer(number), ttl: 600 };
}

/** Sorted by key, because each store has its own order. */
async function listOf(store: Store, options?: ListEntriesOptions): Promise<ListedEntry[]> {
  const listed = await all(store.entries!(options));
  return listed.flat().sort((one, other) => (one.key < other.key ? -1 : 1));
}

function contentOf(reading: ListedEntry['reading']): string | undefined {
  return reading instanceof Error ? reading.message : textOf(reading);
}
