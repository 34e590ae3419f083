import { expect } from 'chai';

import type { EntryFilter, FlushOnlyOptions, FlushOnlyResult } from '../../stores/contract/flush.js';
import type { NewEntry, Store } from '../../stores/contract/store.js';

import { integer, string } from '../../codecs/value.js';
import { UnsupportedError } from '../../errors.js';
import { newOwner } from '../../stores/locks/owner.js';
import { all, failure, type Stores, textOf } from './stores.js';

/** For stores with `flushOnly`, which is optional for stores that list keys. */
export function describeFlushOnly(stores: Stores): void {
  const { idleTimes = false, lockStorage } = stores.traits;
  const [locks, tags] = [stores.has('lock'), stores.has('tags')];
  describe('flushOnly', () => {
    it('removes keys under the prefix that match a glob, and returns how many', async () => {
      const store = await stores.fresh();
      const other = await stores.fresh();
      await other.put('user:1', string('theirs'), 60);
      await store.putMany(numbered(3000));
      for (const key of ['user:1', 'user:2', 'User:1']) await store.put(key, string('v'), 60);
      const found: string[] = [];
      const onFound: FlushOnlyOptions['onFound'] = ({ key }) => found.push(key);
      const dry = await flushed(store, { pattern: 'user:*' }, { dryRun: true, onFound });
      expect(dry).to.include({ removed: 2, keptLocks: 0 });
      expect(dry.bytes).to.be.greaterThan(0);
      expect(found.sort()).to.deep.equal(['user:1', 'user:2']);
      expect(await flushed(store, { pattern: 'user:*' })).to.deep.equal(dry);
      expect(await flushed(store, { pattern: 'user:*' })).to.include({ removed: 0, bytes: 0 });
      expect(await all(store.keys('?ser:*'))).to.deep.equal(['User:1']);
      const progress: number[] = [];
      const onProgress: FlushOnlyOptions['onProgress'] = ({ done }) => progress.push(done);
      expect((await flushed(store, { pattern: 'n:*' }, { onProgress })).removed).to.equal(3000);
      expect(progress.at(-1)).to.equal(3000);
      expect(textOf(await other.get('user:1'))).to.equal('theirs');
    });

    it('removes by size, and by several filters together', async () => {
      const store = await stores.fresh();
      await store.put('large:1', string(stores.noise(5000)), 60);
      await store.put('large:2', string(stores.noise(5000)), 60);
      await store.put('other', string(stores.noise(5000)), 60);
      await store.put('large:3', string('small'), 60);
      const dry = await flushed(store, { pattern: 'large:*', largerThan: 4000 }, { dryRun: true });
      expect(dry.removed).to.equal(2);
      expect(dry.bytes).to.be.within(10_000, 15_000);
      expect(await flushed(store, { pattern: 'large:*', largerThan: 4000 })).to.deep.equal(dry);
      expect((await all(store.keys())).sort()).to.deep.equal(['large:3', 'other']);
      expect((await flushed(store, { largerThan: 4000 })).removed).to.equal(1);
    });

    if (idleTimes) leavesWhatIsUsed(stores);
    else {
      it('refuses a filter that it does not support, and removes nothing', async () => {
        const store = await stores.fresh();
        await store.put('k', string('v'), 60);
        for (const dryRun of [true, false]) {
          expect(await failure(flushed(store, { idleFor: 1 }, { dryRun }))).to.be.instanceOf(UnsupportedError);
        }

        expect(textOf(await store.get('k'))).to.equal('v');
      });
    }

    it('removes nothing if it was aborted before', async () => {
      const store = await stores.fresh();
      await store.put('k', string('v'), 60);
      const signal = AbortSignal.abort();
      expect(await failure(flushed(store, { pattern: '*' }, { signal }))).to.equal(signal.reason);
      expect(textOf(await store.get('k'))).to.equal('v');
    });

    if (locks) {
      const isApart = lockStorage === 'separate';
      it('keeps locks', async () => {
        const store = await stores.fresh();
        await store.put('import', string('v'), 60);
        await store.lock('import:lock').acquire(newOwner(), 60);
        await store.lock('framework/command-import').acquire('somebody', 60);
        for (const dryRun of [true, false]) {
          const { removed, keptLocks } = await flushed(store, { pattern: '*import*' }, { dryRun });
          expect({ removed, keptLocks }).to.deep.equal({ removed: 1, keptLocks: isApart ? 0 : 2 });
        }

        expect(await store.get('import')).to.be.undefined;
        expect(await store.lock('import:lock').holder()).not.to.be.undefined;
        expect(await store.lock('framework/command-import').holder()).not.to.be.undefined;
      });
    }

    if (tags) {
      it('keeps the tag index of the entries that stay', async () => {
        const store = await stores.fresh();
        await store.tags(['t']).put('goes', string('v'), 60);
        await store.tags(['t']).put('stays', string('v'), 60);
        expect((await flushed(store, { pattern: '*:goes' })).removed).to.equal(1);
        expect((await flushed(store, { pattern: 'tag:*' })).removed).to.equal(0);
        expect(textOf(await store.tags(['t']).get('stays'))).to.equal('v');
        expect(await store.tags(['t']).get('goes')).to.be.undefined;
        expect(await store.tags(['t']).flush({ dryRun: false })).to.equal(stores.counted(1));
      });
    }
  });
}

/** The entries are new, so none is a day old; a used entry is not idle. */
function leavesWhatIsUsed(stores: Stores): void {
  it('keeps entries that were used since', async () => {
    const store = await stores.fresh();
    await store.put('k', string('v'), 60);
    for (const dryRun of [true, false]) {
      expect((await flushed(store, { idleFor: 86_400 }, { dryRun })).removed).to.equal(0);
    }

    expect(textOf(await store.get('k'))).to.equal('v');
    expect((await flushed(store, { pattern: 'k', idleFor: 0 })).removed).to.equal(1);
  });
}

async function flushed(
  store: Store,
  only: EntryFilter,
  options: Partial<FlushOnlyOptions> = {},
): Promise<FlushOnlyResult> {
  return store.flushOnly!(only, { dryRun: false, ...options });
}

function* numbered(count: number): Generator<NewEntry> {
  for (let number = 0; number < count; number++) yield { key: `n:${number}`, value: integer(number), ttl: null };
}
