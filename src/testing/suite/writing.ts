import { expect } from 'chai';

import { INT64_MAX, integer, list, string } from '../../codecs/value.js';
import { NotANumberError } from '../../errors.js';
import { failure, type Stores, textOf, until } from './stores.js';

export function describeWriting(stores: Stores): void {
  describe('add', () => {
    it('stores only if the key is missing, and returns whether it did', async () => {
      const store = await stores.fresh();
      expect(await store.add('k', string('first'), 60)).to.be.true;
      expect(await store.add('k', string('second'), null)).to.be.false;
      const entry = await store.get('k');
      expect(textOf(entry)).to.equal('first');
      stores.expectTtl(entry, [58, 60]);
    });

    it('stores if the entry has expired', async () => {
      const store = await stores.fresh();
      await store.put('k', string('old'), 1);
      await until(() => store.add('k', string('new'), null));
      expect(textOf(await store.get('k'))).to.equal('new');
      stores.expectTtl(await store.get('k'), null);
    });
  });

  describe('replace', () => {
    it('replaces the value that was read, keeps the TTL, and does nothing after a change', async () => {
      const store = await stores.fresh();
      // A protocol that does not report TTLs cannot keep them.
      if (store.replace === undefined || stores.traits.ttls !== true) return;
      await store.put('k', string('old'), 60);
      const read = await store.get('k');
      expect(await store.replace('k', read!, string('new'))).to.equal(true);
      expect(textOf(await store.get('k'))).to.equal('new');
      stores.expectTtl(await store.get('k'), [55, 60]);
      expect(await store.replace('k', read!, string('late'))).to.equal(false);
      expect(textOf(await store.get('k'))).to.equal('new');
      await store.forget(['k']);
      expect(await store.replace('k', read!, string('late'))).to.equal(false);
      expect(await store.get('k')).to.equal(undefined);
    });
  });

  describe('increment', () => {
    it('starts a missing key at 0 without a TTL', async () => {
      const store = await stores.fresh();
      expect(await store.increment('hits', 5n)).to.equal(5n);
      expect(textOf(await store.get('hits'))).to.equal('5');
      stores.expectTtl(await store.get('hits'), null);
    });

    it('counts up and down, and keeps the TTL', async () => {
      const store = await stores.fresh();
      await store.put('hits', integer(40), 60);
      expect(await store.increment('hits', 62n)).to.equal(102n);
      expect(await store.increment('hits', -95n)).to.equal(7n);
      const entry = await store.get('hits');
      expect(textOf(entry)).to.equal('7');
      stores.expectTtl(entry, [55, 60]);
    });

    if (stores.harness.countsBelowZero === false) {
      it('counts down to zero and no further, as in PHP', async () => {
        const store = await stores.fresh();
        await store.put('hits', integer(42), 60);
        expect(await store.increment('hits', -50n)).to.equal(0n);
        expect(textOf(await store.get('hits'))).to.equal('0');
        expect(await store.increment('hits', 18n)).to.equal(18n);
        stores.expectTtl(await store.get('hits'), [55, 60]);
        expect(await store.increment('missing', -1n)).to.equal(0n);
      });
    } else {
      it('counts below zero and back, and keeps the TTL', async () => {
        const store = await stores.fresh();
        await store.put('hits', integer(42), 60);
        expect(await store.increment('hits', -50n)).to.equal(-8n);
        const entry = await store.get('hits');
        expect(textOf(entry)).to.equal('-8');
        stores.expectTtl(entry, [55, 60]);
        expect(await store.increment('hits', 18n)).to.equal(10n);
        stores.expectTtl(await store.get('hits'), [55, 60]);
      });
    }

    it('counts a number that was put as a string', async () => {
      const store = await stores.fresh();
      await store.put('hits', string('41'), null);
      expect(await store.increment('hits', 1n)).to.equal(42n);
    });

    it('starts an expired key at 0 without the old TTL', async () => {
      const store = await stores.fresh();
      await store.put('hits', integer(100), 1);
      await until(async () => (await store.get('hits')) === undefined);
      expect(await store.increment('hits', 1n)).to.equal(1n);
      stores.expectTtl(await store.get('hits'), null);
    });

    for (const [what, value] of [
      ['a text', string('many')],
      ['an empty string', string('')],
      ['a fraction', string('1.5')],
      ['a list', list([integer(1)])],
    ] as const) {
      it(`refuses ${what}, and leaves it unchanged`, async () => {
        const store = await stores.fresh();
        await store.put('k', value, 60);
        const before = await store.get('k');
        expect(await failure(store.increment('k', 1n))).to.be.instanceOf(NotANumberError);
        const after = await store.get('k');
        expect(after?.stored).to.deep.equal(before?.stored);
        stores.expectTtl(after, [55, 60]);
      });
    }

    it('reaches the limits of 64 bits, and refuses to exceed them', async () => {
      const store = await stores.fresh();
      await store.put('k', integer(INT64_MAX - 1n), null);
      expect(await store.increment('k', 1n)).to.equal(INT64_MAX);
      expect(await failure(store.increment('k', 1n))).to.be.instanceOf(NotANumberError);
      expect(textOf(await store.get('k'))).to.equal(String(INT64_MAX));
    });
  });

  describe('touch, forget and pull', () => {
    it('touch changes the TTL and keeps the value', async () => {
      const store = await stores.fresh();
      await store.put('k', string('v'), 60);
      expect(await store.touch('k', 600)).to.be.true;
      stores.expectTtl(await store.get('k'), [595, 600]);
      expect(await store.touch('k', null)).to.be.true;
      stores.expectTtl(await store.get('k'), null);
      expect(await store.touch('k', 30)).to.be.true;
      stores.expectTtl(await store.get('k'), [25, 30]);
      expect(textOf(await store.get('k'))).to.equal('v');
    });

    it('touch returns false for a missing key', async () => {
      const store = await stores.fresh();
      expect(await store.touch('nothing', 60)).to.be.false;
      expect(await store.get('nothing')).to.be.undefined;
    });

    it('forget returns for each key whether it existed', async () => {
      const store = await stores.fresh();
      await store.put('a', string('A'), 60);
      await store.put('b', string('B'), null);
      expect(await store.forget(['b', 'nothing', 'a'])).to.deep.equal([true, false, true]);
      expect(await store.many(['a', 'b'])).to.deep.equal([undefined, undefined]);
      expect(await store.forget(['a'])).to.deep.equal([false]);
      expect(await store.forget([])).to.deep.equal([]);
    });

    it('pull reads and removes', async () => {
      const store = await stores.fresh();
      await store.put('k', string('v'), 60);
      const entry = await store.pull('k');
      expect(textOf(entry)).to.equal('v');
      stores.expectTtl(entry, [58, 60]);
      expect(await store.pull('k')).to.be.undefined;
      expect(await store.get('k')).to.be.undefined;
    });
  });
}
