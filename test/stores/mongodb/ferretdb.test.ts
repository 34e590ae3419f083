import { expect } from 'chai';

import type { Store } from '../../../src/stores/contract/store.js';

import { boolean, float, integer, list, NULL, string, type Value } from '../../../src/codecs/value.js';
import { NotANumberError } from '../../../src/errors.js';
import { all, failure, textOf } from '../../../src/testing/suite/stores.js';
import { cachectl } from '../../support/cli.js';
import { expectFault } from '../../support/faults.js';
import { hasMongodb } from '../../support/mongodb-server.js';
import { inSeconds, PREFIX, withDatabase } from '../../support/mongodb/database.js';

const VALUES: ReadonlyArray<readonly [title: string, value: Value]> = [
  ['an integer', integer(42)],
  ['the largest integer', integer(2n ** 63n - 1n)],
  ['the smallest integer', integer(-(2n ** 63n))],
  ['a float', float(0.1)],
  ['a whole float', float(2)],
  ['text', string('žluť 🐎')],
  ['bytes', string(Buffer.from([0xff, 0, 0xfe]))],
  ['a boolean', boolean(true)],
  ['null', NULL],
  ['an array', list([integer(1), string('a'), list([])])],
];

/** FerretDB v1 has no atomic updates and no change streams, so only sequential operations are tested on it. */
describe('FerretDB', () => {
  const database = withDatabase('ferretdb');
  let store: Store;

  beforeEach(() => {
    store = database.open();
  });

  for (const [title, value] of VALUES) {
    it(`stores ${title} unchanged`, async () => {
      await store.put('k', value, 600);
      const entry = (await store.get('k'))!;
      expect(entry.decode()).to.deep.equal(value);
      expect(entry.ttl).to.be.within(500, 600);
    });
  }

  it('puts, reads and forgets many', async () => {
    const keys = Array.from({ length: 150 }, (_, index) => `k:${index}`);
    expect(await store.putMany(keys.map((key) => ({ key, value: string(key), ttl: null })))).to.equal(150);
    const readings = await store.many(['none', ...keys]);
    expect(readings.map((reading) => textOf(reading as Parameters<typeof textOf>[0]))).to.deep.equal([
      undefined,
      ...keys,
    ]);
    expect(await all(store.keys('k:1?'))).to.have.lengthOf(10);
    expect(await store.forget(['none', ...keys])).to.deep.equal([false, ...keys.map(() => true)]);
  });

  it('lists entries with sizes that cachectl computes', async () => {
    await store.put('a', string('žluť'), 60);
    await store.tags(['t']).put('b', integer(42), null);
    const listed = (await all(store.entries!({ tags: true }))).flat();
    expect(listed.map(({ size, tags }) => [size, tags])).to.deep.equal([
      [2, ['t']],
      [13, []],
    ]);
  });

  it('adds once, also after an expiry or an invalid expiry', async () => {
    await database.entries().insertMany([
      { _id: `${PREFIX}old`, value: 'N;', expires_at: inSeconds(-9) },
      { _id: `${PREFIX}odd`, value: 'N;', expires_at: 'never' },
    ]);
    for (const key of ['new', 'old', 'odd']) {
      expect(await store.add(key, integer(1), 60)).to.be.true;
      expect(await store.add(key, integer(2), 60)).to.be.false;
      expect(textOf(await store.get(key))).to.equal('1');
    }
  });

  it('lets one of many concurrent clients add a missing key', async () => {
    const others = Array.from({ length: 4 }, () => database.open());
    const answers = await Promise.all(
      Array.from({ length: 16 }, async (_, index) => others[index % 4]!.add('k', integer(index), 60)),
    );
    expect(answers.filter(Boolean)).to.have.lengthOf(1);
    expect(textOf(await store.get('k'))).to.equal(String(answers.indexOf(true)));
  });

  it('takes many concurrent puts of a new key', async () => {
    const others = Array.from({ length: 4 }, () => database.open());
    await Promise.all(Array.from({ length: 16 }, async (_, index) => others[index % 4]!.put('k', integer(index), 60)));
    expect(Number(textOf(await store.get('k')))).to.be.within(0, 15);
  });

  it('counts within 64 bits', async () => {
    expect(await store.increment('k', 3n)).to.equal(3n);
    expect(await store.increment('k', 2n ** 40n)).to.equal(2n ** 40n + 3n);
    await store.put('k', integer(2n ** 63n - 1n), 60);
    expect(await failure(store.increment('k', 1n))).to.be.instanceOf(NotANumberError);
    await store.put('k', list([integer(1)]), 60);
    expect(await failure(store.increment('k', 1n))).to.be.instanceOf(NotANumberError);
    await database.entries().insertOne({ _id: `${PREFIX}odd`, value: [1], expires_at: inSeconds(60) });
    expect(await failure(store.increment('odd', 1n))).to.be.instanceOf(NotANumberError);
  });

  it('touches and pulls entries', async () => {
    await store.put('k', string('v'), 60);
    expect(await store.touch('k', 6000)).to.be.true;
    expect((await store.get('k'))!.ttl).to.be.within(5000, 6000);
    expect(textOf(await store.pull('k'))).to.equal('v');
    expect(await store.pull('k')).to.be.undefined;
    expect(await store.touch('k', 60)).to.be.false;
  });

  it('flushes tags, whatever other tags an entry has', async () => {
    await store.tags(['a', 'b']).put('ab', integer(1), 60);
    await store.tags(['b']).put('b', integer(2), 60);
    await store.tags(['c']).put('c', integer(3), 60);
    await store.put('none', integer(4), 60);
    expect(await store.tags(['a', 'b']).flush({ dryRun: true })).to.equal(2);
    expect(await store.tags(['a', 'b']).flush({ dryRun: false })).to.equal(2);
    expect(textOf(await store.tags(['c']).get('c'))).to.equal('3');
    expect(textOf(await store.get('none'))).to.equal('4');
  });

  it('has locks: one holder, owner-checked, with expiry', async () => {
    const lock = store.lock('l');
    expect(await lock.acquire('ann', 600)).to.be.true;
    expect(await lock.acquire('bob', 600)).to.be.false;
    expect(await lock.release('bob')).to.be.false;
    expect(await lock.refresh('ann', 6000)).to.be.true;
    expect((await lock.holder())!.ttl).to.be.within(5000, 6000);
    await database.locks().updateOne({ _id: `${PREFIX}l` }, { $set: { expires_at: inSeconds(-9) } });
    expect(await lock.acquire('bob', 600)).to.be.true;
    expect(await lock.release('bob')).to.be.true;
    expect(await lock.forceRelease()).to.be.false;
  });

  it('flushes the prefix, and everything on request', async () => {
    const other = database.open({ prefix: 'shop-cache.' });
    for (const each of [store, other]) {
      await each.put('k', integer(1), 60);
      await each.lock('l').acquire('ann', 60);
    }

    const options = { locks: false, dryRun: false } as const;
    expect(await store.flush({ ...options, scope: 'prefix' })).to.deep.equal({ removed: 1, keptLocks: 1 });
    expect(textOf(await other.get('k'))).to.equal('1');
    expect(await other.flush({ ...options, scope: 'all' })).to.deep.equal({ removed: 3, keptLocks: 0 });
  });

  // MongoDB itself, if available, is a replica set.
  if (!hasMongodb()) {
    it('has no events, and the error names an alternative', async () => {
      const result = await cachectl(['events:tail', '--url', database.url()]);
      expectFault(result, { code: 2, message: 'has no change streams', hint: 'rs.initiate()' });
      const { out } = await cachectl(['events:tail', '--json', '--url', database.url()]);
      expect((JSON.parse(out) as { error: { code: string } }).error.code).to.equal('unsupported');
    });
  }
});
