import { expect } from 'chai';

import type { ListedEntry, ListEntriesOptions } from '../../../src/stores/contract/listing.js';
import type { Store } from '../../../src/stores/contract/store.js';

import { string } from '../../../src/codecs/value.js';
import { LostPlaceError, WrongTypeError } from '../../../src/errors.js';
import { all, failure, textOf, until } from '../../../src/testing/suite/stores.js';
import { withRedis } from '../../support/faults.js';
import { RedisStores } from '../../support/redis-stores.js';

describe('a listing of what Redis holds', () => {
  const server = withRedis();
  let stores: RedisStores;

  beforeEach(async () => {
    stores = new RedisStores(server());
    await server().client.flushall();
  });

  afterEach(async () => stores.close());

  for (const [how, denied] of [
    ['by scripts', []],
    ['where there may be no scripts', ['-eval']],
    ['within a look at what was not used', []],
  ] as const) {
    it(`reads short, long and many values and other types, ${how}`, async () => {
      const store = await stores.openWithout(denied);
      const values = new Map([
        ['empty', ''],
        ['long', 'x'.repeat(3_000_000)],
        // Together more than one script call returns.
        ...Array.from({ length: 400 }, (_, at): [string, string] => [`some:${at}`, `${at}`.padEnd(12_000, '-')]),
      ]);
      await store.putMany([...values].map(([key, text]) => ({ key, value: string(text), ttl: 60 })));
      await store.put('forever', string('and ever'), null);
      await server().client.rpush('app-list', 'a');
      await server().client.set('app-deploy', 'cachectl:ci@runner-7:4711:01a2292d62b005a35a2d3aaaaaa41b7f');
      const listed = await byKey(store, { idle: how.startsWith('within') });
      expect(listed.size).to.equal(values.size + 3);
      expect(listed.get('deploy')!.lock).to.equal('cachectl-owner');
      expect(listed.get('list')!.reading).to.be.instanceOf(WrongTypeError);
      expect(listed.get('list')!.size).to.be.greaterThan(0);
      expect(listed.get('forever')!.ttl).to.equal(null);
      for (const [key, text] of values) {
        const { reading, size, ttl } = listed.get(key)!;
        expect(reading instanceof Error ? reading.message : textOf(reading), key).to.equal(text);
        expect(size).to.be.within(text.length, text.length + 20);
        expect(ttl).to.be.within(1, 60);
      }
    });
  }

  it("does not continue at another server's position, or if it may not identify the server", async () => {
    for (const denied of [[], ['-info']]) {
      const store = await stores.openWithout(denied);
      await store.put('k', string('v'), 60);
      const pages = await all(store.entries!({ places: true }));
      expect(pages.flat()).to.have.lengthOf(1);
      const place = pages.at(-1)!.place!;
      const elsewhere = place.replace(/^\S+/, 'f'.repeat(40));
      expect(await failure(all(store.entries!({ after: elsewhere })))).to.be.instanceOf(LostPlaceError);
      if (denied.length === 0) expect(await all(store.entries!({ after: place }))).to.deep.equal([]);
      else expect(await failure(all(store.entries!({ after: place })))).to.be.instanceOf(LostPlaceError);
    }
  });

  it('dates a page that was fetched ahead by its own request', async () => {
    const store = await stores.open();
    const entries = Array.from({ length: 3000 }, (_, at) => ({ key: `k${at}`, value: string('v'), ttl: 60 }));
    await store.putMany(entries);
    const pages = store.entries!({ contents: true })[Symbol.asyncIterator]();
    await pages.next();
    // The next page is asked for without delay. Only then do the server's calls stay the same.
    let [calls, times] = [0, 0];
    await until(async () => {
      const now = Number(/cmdstat_eval:calls=(\d+)/.exec(await server().client.info('commandstats'))?.[1]);
      [calls, times] = [now, now === calls ? times + 1 : 0];
      return times === 10;
    });
    const fetched = Date.now();
    const { value } = await pages.next();
    expect(value.readAt).to.be.within(fetched - 60_000, fetched);
  });
});

async function byKey(store: Store, options: ListEntriesOptions): Promise<ReadonlyMap<string, ListedEntry>> {
  const pages = await all(store.entries!({ ...options, contents: true }));
  return new Map(pages.flat().map((entry) => [entry.key, entry]));
}
