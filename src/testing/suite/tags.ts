import { expect } from 'chai';

import type { Progress } from '../../stores/contract/store.js';

import { integer, string } from '../../codecs/value.js';
import { failure, type Stores, textOf, until } from './stores.js';

const NOW = { dryRun: false };

export function describeTags(stores: Stores): void {
  describe('tags', () => {
    it('separate tagged entries from untagged ones', async () => {
      const store = await stores.fresh();
      await store.tags(['people']).put('Ann', string('tagged'), 60);
      expect(await store.get('Ann')).to.be.undefined;
      expect(textOf(await store.tags(['people']).get('Ann'))).to.equal('tagged');
    });

    it('find an entry by the same names in the same order only', async () => {
      const store = await stores.fresh();
      await store.tags(['people', 'artists']).put('Ann', string('v'), 60);
      expect(textOf(await store.tags(['people', 'artists']).get('Ann'))).to.equal('v');
      expect(await store.tags(['artists', 'people']).get('Ann')).to.be.undefined;
      expect(await store.tags(['people']).get('Ann')).to.be.undefined;
    });

    it('flush entries with any of the names, and keep the rest', async () => {
      const store = await stores.fresh();
      await store.tags(['people', 'artists']).put('Ann', string('v'), 60);
      await store.tags(['people', 'authors']).put('Bob', string('v'), null);
      await store.tags(['authors']).put('Cid', string('v'), 60);
      await store.tags(['places']).put('Rome', string('v'), 60);
      await store.put('plain', string('v'), 60);

      expect(await store.tags(['artists', 'authors']).flush({ dryRun: true })).to.equal(stores.counted(3));
      expect(await store.tags(['artists', 'authors']).flush(NOW)).to.equal(stores.counted(3));
      expect(await store.tags(['people', 'artists']).get('Ann')).to.be.undefined;
      expect(await store.tags(['people', 'authors']).get('Bob')).to.be.undefined;
      expect(await store.tags(['authors']).get('Cid')).to.be.undefined;
      expect(textOf(await store.tags(['places']).get('Rome'))).to.equal('v');
      expect(textOf(await store.get('plain'))).to.equal('v');
    });

    it('flush nothing if aborted before', async () => {
      const store = await stores.fresh();
      await store.tags(['t']).put('k', string('v'), 60);
      const signal = AbortSignal.abort();
      expect(await failure(store.tags(['t']).flush({ ...NOW, signal }))).to.equal(signal.reason);
      expect(textOf(await store.tags(['t']).get('k'))).to.equal('v');
    });

    it('flush a second time and find nothing', async () => {
      const store = await stores.fresh();
      await store.tags(['a']).put('k', string('v'), 60);
      expect(await store.tags(['a']).flush(NOW)).to.equal(stores.counted(1));
      expect(await store.tags(['a']).flush(NOW)).to.equal(stores.counted(0));
      expect(await store.tags(['never-used']).flush(NOW)).to.equal(stores.counted(0));
    });

    it('flush 12,000 entries and report progress', async () => {
      const store = await stores.fresh();
      const many = Array.from({ length: 12_000 }, (_, number) => ({
        key: `n:${number}`,
        value: integer(number),
        ttl: 600,
      }));
      expect(await store.tags(['bulk']).putMany(many)).to.equal(12_000);
      let done = 0;
      const onProgress = (progress: Progress) => {
        done = progress.done;
      };

      const removed = await store.tags(['bulk']).flush({ ...NOW, onProgress });
      expect(removed).to.equal(stores.counted(12_000));
      expect(done).to.equal(stores.counted(12_000) ?? 0);
      expect(await store.tags(['bulk']).many(['n:0', 'n:11999'])).to.deep.equal([undefined, undefined]);
    });

    it('support every operation on an entry', async () => {
      const store = await stores.fresh();
      const tagged = store.tags(['counters']);
      expect(await tagged.add('k', integer(1), null)).to.be.true;
      expect(await tagged.add('k', integer(9), null)).to.be.false;
      expect(await tagged.increment('k', 4n)).to.equal(5n);
      expect(await tagged.increment('new', 1n)).to.equal(1n);
      expect(await tagged.touch('k', 60)).to.be.true;
      stores.expectTtl(await tagged.get('k'), [55, 60]);
      expect(textOf(await tagged.pull('k'))).to.equal('5');
      expect(await tagged.forget(['k', 'new'])).to.deep.equal([false, true]);
    });

    it('flush added and counted entries too', async () => {
      const store = await stores.fresh();
      const tagged = store.tags(['counters']);
      await tagged.add('added', string('v'), 60);
      await tagged.increment('counted', 1n);
      expect(await tagged.flush(NOW)).to.equal(stores.counted(2));
      expect(await tagged.many(['added', 'counted'])).to.deep.equal([undefined, undefined]);
    });

    it('do not count expired entries', async () => {
      const store = await stores.fresh();
      const tagged = store.tags(['t']);
      await tagged.put('short', string('v'), 1);
      await tagged.put('long', string('v'), 60);
      await until(async () => (await tagged.get('short')) === undefined);
      expect(await tagged.flush(NOW)).to.equal(stores.counted(1));
    });

    it('take any name', async () => {
      const store = await stores.fresh();
      const names = [stores.takesAnyKey ? 'a b' : 'a-b', 'x:y|z', '*', 'žluť', '%_'];
      await store.tags(names).put('k', string('v'), 60);
      expect(textOf(await store.tags(names).get('k'))).to.equal('v');
      expect(await store.tags(['*']).flush(NOW)).to.equal(stores.counted(1));
      expect(await store.tags(names).get('k')).to.be.undefined;
    });
  });
}
