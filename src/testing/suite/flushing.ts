import { expect } from 'chai';

import type { NewEntry } from '../../stores/contract/store.js';

import { integer, string } from '../../codecs/value.js';
import { UnsupportedError } from '../../errors.js';
import { newOwner } from '../../stores/locks/owner.js';
import { describeFlushOnly } from './flush-only.js';
import { all, failure, type Stores, textOf } from './stores.js';

const PREFIX_ONLY = { scope: 'prefix', locks: false, dryRun: false } as const;
const EVERYTHING = { scope: 'all', locks: false, dryRun: false } as const;

function* numbered(count: number): Generator<NewEntry> {
  for (let number = 0; number < count; number++) yield { key: `n:${number}`, value: integer(number), ttl: null };
}

export function describeFlushing(stores: Stores): void {
  const [listing, locks, tags] = [stores.has('keys'), stores.has('lock'), stores.has('tags')];
  describe('flush', () => {
    if (listing) {
      describeFlushByPrefix(stores);
      if (stores.has('flushOnly')) describeFlushOnly(stores);
    } else refusesToFlushByPrefix(stores);
    if (listing && locks) describeFlushBesideLocks(stores);
    if (listing && tags) takesTaggedEntries(stores);
    describeFlushOfEverything(stores);
  });
}

function describeFlushByPrefix(stores: Stores): void {
  it('removes everything under the prefix and returns how many', async () => {
    const store = await stores.fresh();
    await store.putMany(numbered(12_000));
    const progress: number[] = [];
    const { removed, keptLocks } = await store.flush({
      ...PREFIX_ONLY,
      onProgress: ({ done }) => progress.push(done),
    });
    expect(removed).to.equal(12_000);
    expect(keptLocks).to.equal(0);
    expect(progress.at(-1)).to.equal(12_000);
    expect(await all(store.keys())).to.deep.equal([]);
    expect(await store.flush(PREFIX_ONLY)).to.deep.equal({ removed: 0, keptLocks: 0 });
  });

  it('as a dry run counts the same and removes nothing', async () => {
    const store = await stores.fresh();
    await store.putMany(numbered(10));
    expect(await store.flush({ ...PREFIX_ONLY, dryRun: true })).to.deep.equal({ removed: 10, keptLocks: 0 });
    expect(await all(store.keys('n:*'))).to.have.lengthOf(10);
  });

  it('removes nothing if it was aborted before', async () => {
    const store = await stores.fresh();
    await store.put('k', string('v'), 60);
    const signal = AbortSignal.abort();
    expect(await failure(store.flush({ ...PREFIX_ONLY, signal }))).to.equal(signal.reason);
    expect(textOf(await store.get('k'))).to.equal('v');
  });
}

function refusesToFlushByPrefix(stores: Stores): void {
  it('by prefix is refused if keys cannot be listed', async () => {
    const store = await stores.fresh();
    await store.put('k', string('v'), 60);
    expect(await failure(store.flush(PREFIX_ONLY))).to.be.instanceOf(UnsupportedError);
    expect(await failure(store.flush({ ...PREFIX_ONLY, dryRun: true }))).to.be.instanceOf(UnsupportedError);
    expect(textOf(await store.get('k'))).to.equal('v');
  });
}

function describeFlushBesideLocks(stores: Stores): void {
  it('as a dry run counts the locks that it would keep', async () => {
    const store = await stores.fresh();
    await store.putMany(numbered(3));
    await store.lock('deploy').acquire(newOwner(), 60);
    expect(await store.flush({ ...PREFIX_ONLY, dryRun: true })).to.deep.equal({ removed: 3, keptLocks: 1 });
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

  it('removes locks on request', async () => {
    const store = await stores.fresh();
    await store.putMany(numbered(3));
    await store.lock('deploy').acquire(newOwner(), 60);
    const { removed, keptLocks } = await store.flush({ ...PREFIX_ONLY, locks: true });
    expect(removed).to.equal(4);
    expect(keptLocks).to.equal(0);
    expect(await store.lock('deploy').holder()).to.be.undefined;
  });
}

function takesTaggedEntries(stores: Stores): void {
  it('removes tagged entries too', async () => {
    const store = await stores.fresh();
    await store.tags(['people']).put('Ann', string('Ann'), 60);
    await store.flush(PREFIX_ONLY);
    expect(await store.tags(['people']).get('Ann')).to.be.undefined;
    expect(await store.tags(['people']).flush({ dryRun: true })).to.equal(stores.counted(0));
    expect(await all(store.keys())).to.deep.equal([]);
  });
}

function describeFlushOfEverything(stores: Stores): void {
  if (stores.harness.flushesAll === false) {
    it('of everything is refused and removes nothing', async () => {
      const store = await stores.fresh();
      await store.put('k', string('v'), 60);
      for (const dryRun of [true, false]) {
        expect(await failure(store.flush({ ...EVERYTHING, dryRun }))).to.be.instanceOf(UnsupportedError);
      }

      expect(textOf(await store.get('k'))).to.equal('v');
    });
    return;
  }

  it('of everything removes other prefixes too', async () => {
    const store = await stores.fresh();
    const other = await stores.fresh();
    await store.put('k', string('v'), 60);
    await other.put('k', string('v'), 60);
    await store.flush(EVERYTHING);
    expect(await store.get('k')).to.be.undefined;
    expect(await other.get('k')).to.be.undefined;
  });

  if (stores.has('lock')) {
    it('of everything removes locks too', async () => {
      const store = await stores.fresh();
      const other = await stores.fresh();
      await other.lock('deploy').acquire(newOwner(), 60);
      await store.flush(EVERYTHING);
      expect(await other.lock('deploy').holder()).to.be.undefined;
    });
  }

  it('of everything removes nothing as a dry run, or if it was aborted before', async () => {
    const store = await stores.fresh();
    await store.put('k', string('v'), 60);
    await store.flush({ ...EVERYTHING, dryRun: true });
    const signal = AbortSignal.abort();
    expect(await failure(store.flush({ ...EVERYTHING, signal }))).to.equal(signal.reason);
    expect(textOf(await store.get('k'))).to.equal('v');
  });
}
