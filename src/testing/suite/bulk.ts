import { expect } from 'chai';

import type { Value } from '../../codecs/value.js';
import type { Entry, NewEntry, Progress, Store } from '../../stores/contract/store.js';

import { boolean, float, integer, NULL, string } from '../../codecs/value.js';
import { InputError } from '../../errors.js';
import { all, failure, hits, type Stores, textOf } from './stores.js';

async function* numbered(count: number): AsyncGenerator<NewEntry> {
  for (let number = 0; number < count; number++) {
    yield { key: `n:${number}`, value: integer(number), ttl: number % 2 === 0 ? 600 : null };
  }
}

/** The bytes that `putStored` takes. */
function inForm(entry: Entry | undefined): Buffer {
  return entry!.inForm?.() ?? entry!.stored;
}

/** How many of those entries exist. If keys cannot be listed, how many of the first `sure`. */
async function countNumbered(store: Store, sure: number): Promise<number> {
  if (store.supports('keys')) return (await all(store.keys())).length;
  const found = await hits(
    store,
    Array.from({ length: sure }, (_, number) => `n:${number}`),
  );
  return found.filter((entry) => entry !== undefined).length;
}

export function describeBulk(stores: Stores): void {
  describe('putMany', () => {
    it('stores 10,000 entries from a stream with their TTLs, and reports progress', async () => {
      const store = await stores.fresh();
      const progress: number[] = [];
      const stored = await store.putMany(numbered(10_000), { onProgress: ({ done }) => progress.push(done) });
      expect(stored).to.equal(10_000);
      expect(progress.at(-1)).to.equal(10_000);
      expect(progress).to.deep.equal(progress.toSorted((a, b) => a - b));
      const [even, odd, last] = await hits(store, ['n:4', 'n:5', 'n:9999']);
      expect(textOf(even)).to.equal('4');
      stores.expectTtl(even, [500, 600]);
      stores.expectTtl(odd, null);
      expect(textOf(last)).to.equal('9999');
      expect(await countNumbered(store, 10_000)).to.equal(10_000);
    });

    it('keeps the last value of a key that comes twice', async () => {
      const store = await stores.fresh();
      await store.putMany([
        { key: 'k', value: string('first'), ttl: 60 },
        { key: 'k', value: string('last'), ttl: null },
      ]);
      expect(textOf(await store.get('k'))).to.equal('last');
      stores.expectTtl(await store.get('k'), null);
    });

    it('stores small and large values together, and keeps the last value of each key', async () => {
      const store = await stores.fresh();
      const large = 'x'.repeat(300_000);
      const entries = Array.from({ length: 400 }, (_, number) => ({
        key: `n:${number % 300}`,
        value: string(number % 100 === 70 ? `${number} ${large}` : String(number)),
        ttl: number < 300 ? 60 : null,
      }));
      expect(await store.putMany(entries)).to.equal(400);
      const read = await hits(store, ['n:0', 'n:69', 'n:70', 'n:71', 'n:100', 'n:170', 'n:299']);
      const texts = ['300', '369', `370 ${large}`, '371', '100', `170 ${large}`, '299'];
      expect(read.map((entry) => textOf(entry))).to.deep.equal(texts);
      stores.expectTtl(read[2], null);
      stores.expectTtl(read[5], [50, 60]);
    });

    it('restores entries in their stored form, with tags if it has tags, if the store has putStored', async () => {
      const store = await stores.fresh();
      if (store.putStored === undefined) return;
      expect(store.storedForm).to.match(/\S/);
      await store.put('from', string('v'), 60);
      const stored = inForm(await store.get('from'));
      const progress: number[] = [];
      const written = [
        { key: 'to', stored, ttl: 600 },
        { key: 'forever', stored, ttl: null },
      ];
      expect(await store.putStored(written, { onProgress: ({ done }) => progress.push(done) })).to.equal(2);
      expect(progress.at(-1)).to.equal(2);
      expect(textOf(await store.get('to'))).to.equal('v');
      stores.expectTtl(await store.get('to'), [500, 600]);
      stores.expectTtl(await store.get('forever'), null);
      if (!stores.has('tags')) return;
      const tagged = store.tags(['a']);
      await tagged.putStored!([{ key: 'tagged', stored, ttl: 600 }]);
      expect(textOf(await tagged.get('tagged'))).to.equal('v');
      await tagged.flush({ dryRun: false });
      expect(await tagged.get('tagged')).to.equal(undefined);
    });

    it('takes stored bytes of any value, and undecodable bytes', async () => {
      const store = await stores.fresh();
      if (store.putStored === undefined) return;
      const bytes = string(Buffer.from([0, 255]));
      const values: Value[] = [NULL, boolean(false), float(-1.5), integer(2n ** 40n), bytes].filter((value) =>
        stores.holds(value),
      );
      for (const [index, value] of values.entries()) await store.put(`from:${index}`, value, 60);
      for (const index of values.keys()) {
        const held = await store.get(`from:${index}`);
        await store.putStored([{ key: `to:${index}`, stored: inForm(held), ttl: 60 }]);
        const now = await store.get(`to:${index}`);
        expect(inForm(now)).to.deep.equal(inForm(held));
        expect(now!.decode()).to.deep.equal(held!.decode());
      }

      const broken = [{ key: 'broken', stored: Buffer.from('no'), ttl: null }];
      const isMore = (await store.get('to:0'))!.inForm !== undefined;
      // If the stored bytes are the whole value, any bytes are valid.
      if (isMore) expect(await failure(store.putStored(broken))).to.be.instanceOf(InputError);
      else await store.putStored(broken);
      expect((await store.get('broken'))?.stored.toString()).to.equal(isMore ? undefined : 'no');
    });

    it('stores nothing from an empty source', async () => {
      const store = await stores.fresh();
      expect(await store.putMany([])).to.equal(0);
    });

    it('ends with the error of a failing source, and keeps what it reported as done', async () => {
      const store = await stores.fresh();
      const broken = new Error('line 5001 is no JSON');
      let done = 0;
      async function* failing(): AsyncGenerator<NewEntry> {
        yield* numbered(5000);
        throw broken;
      }

      const onProgress = (progress: Progress) => {
        done = progress.done;
      };

      const error = await failure(store.putMany(failing(), { onProgress }));
      expect(error).to.equal(broken);
      expect(await countNumbered(store, done)).to.be.within(done, 5000);
    });

    it('stops on the signal long before the source ends, and keeps what it reported as done', async () => {
      const store = await stores.fresh();
      const controller = new AbortController();
      let done = 0;
      const error = await failure(
        store.putMany(numbered(1_000_000), {
          signal: controller.signal,
          onProgress(progress) {
            done = progress.done;
            controller.abort();
          },
        }),
      );
      expect(error).to.equal(controller.signal.reason);
      expect(done).to.be.within(1, 999_999);
      expect(await countNumbered(store, done)).to.be.within(done, 999_999);
    });
  });
}

export function describeKeys(stores: Stores): void {
  describe('keys', () => {
    it('lists every live key without the prefix', async () => {
      const store = await stores.fresh();
      const keys = ['a', 'b:1', 'a*b', 'klíč:🐎', '100%25', ...(stores.takesAnyKey ? ['two\nlines', 'a b'] : [])];
      for (const key of keys) await store.put(key, string('v'), 60);
      expect((await all(store.keys())).toSorted()).to.deep.equal(keys.toSorted());
    });

    it('lists the keys that match a glob', async () => {
      const store = await stores.fresh();
      for (const key of ['user:1', 'user:2', 'user:10', 'User:1', 'post:1', 'x[1]']) {
        await store.put(key, string('v'), 60);
      }

      const matching = async (pattern: string) => (await all(store.keys(pattern))).toSorted();
      expect(await matching('user:*')).to.deep.equal(['user:1', 'user:10', 'user:2']);
      expect(await matching('user:?')).to.deep.equal(['user:1', 'user:2']);
      expect(await matching('*:1')).to.deep.equal(['User:1', 'post:1', 'user:1']);
      expect(await matching('[pu]*:1')).to.deep.equal(['post:1', 'user:1']);
      expect(await matching(String.raw`x\[1\]`)).to.deep.equal(['x[1]']);
      expect(await matching('user')).to.deep.equal([]);
    });

    it('counts keys, if the store can', async () => {
      const store = await stores.fresh();
      const other = await stores.fresh();
      expect(await countOf(store)).to.equal(0);
      await other.put('user:1', string('theirs'), 60);
      if (store.supports('tags')) await store.tags(['tag']).put('tagged', string('v'), 60);
      for (const key of ['user:1', 'user:2', 'tag:x', 'User:1']) await store.put(key, string('v'), 60);
      for (const pattern of [undefined, 'user:*', '*:1', 'user:?', 'tag:*', 'none*', 'user:1', '*']) {
        expect(await countOf(store, pattern), pattern).to.equal((await all(store.keys(pattern))).length);
      }

      expect(await countOf(store, 'user:*')).to.equal(2);
    });

    it('can be left before the end', async () => {
      const store = await stores.fresh();
      await store.putMany(numbered(3000));
      let seen = 0;
      for await (const key of store.keys()) {
        expect(key).to.match(/^n:\d+$/);
        if (++seen === 5) break;
      }

      expect(seen).to.equal(5);
      expect(textOf(await store.get('n:1'))).to.equal('1');
    });
  });
}

async function countOf(store: Store, pattern?: string): Promise<number> {
  if (store.count) return store.count(pattern === undefined ? {} : { pattern });
  return (await all(store.keys(pattern))).length;
}
