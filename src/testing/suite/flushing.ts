import { expect } from 'chai';

import type { NewEntry } from '../../stores/contract.js';

import { integer, string } from '../../codecs/value.js';
import { newOwner } from '../../stores/lock-form.js';
import { all, failure, type Stores, textOf } from './stores.js';

const PREFIX_ONLY = { scope: 'prefix', locks: false, dryRun: false } as const;

function* numbered(count: number): Generator<NewEntry> {
  for (let number = 0; number < count; number++) yield { key: `n:${number}`, value: integer(number), ttl: null };
}

export function describeFlushing(stores: Stores): void {
  describe('flush', () => {
    it('removes what lies under the prefix and says how much', async () => {
      const store = await stores.fresh();
      await store.putMany(numbered(25_000));
      const progress: number[] = [];
      const { removed, keptLocks } = await store.flush({
        ...PREFIX_ONLY,
        onProgress: ({ done }) => progress.push(done),
      });
      expect(removed).to.equal(25_000);
      expect(keptLocks).to.equal(0);
      expect(progress.at(-1)).to.equal(25_000);
      expect(await all(store.keys())).to.deep.equal([]);
      expect(await store.flush(PREFIX_ONLY)).to.deep.equal({ removed: 0, keptLocks: 0 });
    });

    it('as a dry run counts the same and removes nothing', async () => {
      const store = await stores.fresh();
      await store.putMany(numbered(10));
      await store.lock('deploy').acquire(newOwner(), 60);
      expect(await store.flush({ ...PREFIX_ONLY, dryRun: true })).to.deep.equal({ removed: 10, keptLocks: 1 });
      expect(await all(store.keys('n:*'))).to.have.lengthOf(10);
      expect(await store.lock('deploy').holder()).not.to.be.undefined;
    });

    it('keeps locks and counts them', async () => {
      const store = await stores.fresh();
      const owner = newOwner();
      await store.putMany(numbered(3));
      await store.lock('deploy').acquire(owner, 60);
      expect(await store.flush(PREFIX_ONLY)).to.deep.equal({ removed: 3, keptLocks: 1 });
      expect((await store.lock('deploy').holder())?.owner).to.equal(owner);
      expect(await all(store.keys('n:*'))).to.deep.equal([]);
    });

    it('takes locks when told to', async () => {
      const store = await stores.fresh();
      await store.putMany(numbered(3));
      await store.lock('deploy').acquire(newOwner(), 60);
      const { removed, keptLocks } = await store.flush({ ...PREFIX_ONLY, locks: true });
      expect(removed).to.equal(4);
      expect(keptLocks).to.equal(0);
      expect(await store.lock('deploy').holder()).to.be.undefined;
    });

    it('takes tagged entries, too', async () => {
      const store = await stores.fresh();
      await store.tags(['people']).put('Ann', string('Ann'), 60);
      await store.flush(PREFIX_ONLY);
      expect(await store.tags(['people']).get('Ann')).to.be.undefined;
      expect(await store.tags(['people']).flush({ dryRun: true })).to.equal(0);
      expect(await all(store.keys())).to.deep.equal([]);
    });

    it('of everything takes what other prefixes hold, locks as well', async () => {
      const store = await stores.fresh();
      const other = await stores.fresh();
      await store.put('k', string('v'), 60);
      await other.put('k', string('v'), 60);
      await other.lock('deploy').acquire(newOwner(), 60);
      await store.flush({ ...PREFIX_ONLY, scope: 'all' });
      expect(await store.get('k')).to.be.undefined;
      expect(await other.get('k')).to.be.undefined;
      expect(await other.lock('deploy').holder()).to.be.undefined;
    });

    it('does nothing when it was stopped before', async () => {
      const store = await stores.fresh();
      await store.put('k', string('v'), 60);
      const signal = AbortSignal.abort();
      expect(await failure(store.flush({ ...PREFIX_ONLY, signal }))).to.equal(signal.reason);
      expect(await failure(store.tags(['t']).flush({ dryRun: false, signal }))).to.equal(signal.reason);
      expect(textOf(await store.get('k'))).to.equal('v');
    });
  });

  describe('prefixes', () => {
    for (const [what, ours, theirs] of [
      ['other letters', 'shop-cache-', 'blog-cache-'],
      ['other case', 'prefix-CASE-', 'prefix-case-'],
      ['glob characters', 'p*[a]?:', 'pxa?:'],
      ['SQL wildcards', 'p_%:', 'pxyz:'],
      ['a backslash', String.raw`p\:`, 'p:'],
      ['unicode', 'předpona:', 'předponb:'],
    ] as const) {
      it(`with ${what} neither see nor flush each other: ${ours} and ${theirs}`, async () => {
        const mine = await stores.under(ours);
        const yours = await stores.under(theirs);
        const owner = newOwner();
        await yours.put('k', string('yours'), 60);
        await yours.tags(['t']).put('k', string('yours, tagged'), 60);
        await yours.lock('l').acquire(owner, 60);

        expect(await mine.get('k')).to.be.undefined;
        expect(await mine.forget(['k'])).to.deep.equal([false]);
        expect(await all(mine.keys())).to.deep.equal([]);
        expect(await mine.tags(['t']).get('k')).to.be.undefined;
        expect(await mine.lock('l').holder()).to.be.undefined;
        expect(await mine.lock('l').forceRelease()).to.be.false;

        await mine.put('k', string('mine'), 60);
        await mine.tags(['t']).put('k', string('mine, tagged'), 60);
        expect(await mine.lock('l').acquire(newOwner(), 60)).to.be.true;
        expect(await all(mine.keys('k'))).to.deep.equal(['k']);
        expect(await mine.tags(['t']).flush({ dryRun: false })).to.equal(1);
        await mine.flush({ ...PREFIX_ONLY, locks: true });

        expect(await all(mine.keys())).to.deep.equal([]);
        expect(textOf(await yours.get('k'))).to.equal('yours');
        expect(textOf(await yours.tags(['t']).get('k'))).to.equal('yours, tagged');
        expect((await yours.lock('l').holder())?.owner).to.equal(owner);
        await yours.flush({ ...PREFIX_ONLY, locks: true });
      });
    }
  });
}
