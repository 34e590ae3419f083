import { expect } from 'chai';

import type { Inspection } from '../../stores/contract/inspection.js';

import { string } from '../../codecs/value.js';
import { type Stores, textOf, until } from './stores.js';

const V = string('v');

/** For stores whose `inspect` has more details than `get`. */
export function describeInspection(stores: Stores): void {
  const hasTags = stores.has('tags');
  const { ttls } = stores.traits;

  describe('an inspection', () => {
    it('shows where an entry is, when it expires, and its value', async () => {
      const store = await stores.fresh();
      await store.put('k', V, 60);
      await store.put('forever', V, null);
      const seen = await store.inspect!('k');
      expect(textOf(seen.entry)).to.equal('v');
      stores.expectTtl(seen.entry, [55, 60]);
      expect(seen.listedKey).to.equal('k');
      expect(seen.storedKey?.endsWith(`${store.prefix}k`)).to.be.true;
      expect(Object.keys(seen.place)).not.to.be.empty;
      expect(seen.format?.codec).to.match(/\S/);
      const forever = await store.inspect!('forever');
      if (ttls) {
        expect(seen.expiresAt?.getTime()).to.be.within(Date.now() + 50_000, Date.now() + 62_000);
        expect(forever.expiresAt).to.be.null;
      } else expect([seen.expiresAt, forever.expiresAt]).to.deep.equal([undefined, undefined]);
    });

    it('shows where a missing entry would be', async () => {
      const store = await stores.fresh();
      expectMiss(await store.inspect!('none'));
      await store.put('short', V, 1);
      await until(async () => (await store.get('short')) === undefined);
      expectMiss(await store.inspect!('short'));
    });

    if (!hasTags) return;

    it('finds a tagged entry by its tags in order, and by its listed key', async () => {
      const store = await stores.fresh();
      await store.tags(['b', 'a']).put('k', V, 60);
      const seen = await store.inspect!('k', ['b', 'a']);
      expect(textOf(seen.entry)).to.equal('v');
      expect(seen.tags).to.deep.equal({ names: ['b', 'a'], isOrdered: true });
      const listed = await store.inspect!(seen.listedKey);
      expect(textOf(listed.entry)).to.equal('v');
      if (stores.has('members')) expect(listed.tags).to.deep.equal(seen.tags);
      expectMiss(await store.inspect!('k', ['a', 'b']));
      expectMiss(await store.inspect!('k', ['never-used']));
      expectMiss(await store.inspect!('k'));
    });
  });
}

function expectMiss({ entry, other, place }: Inspection): void {
  expect({ entry, other }).to.deep.equal({ entry: undefined, other: undefined });
  expect(Object.keys(place)).not.to.be.empty;
}
