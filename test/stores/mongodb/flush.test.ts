import { expect } from 'chai';

import { integer, string } from '../../../src/codecs/value.js';
import { all, textOf } from '../../../src/testing/suite/stores.js';
import { cachectl } from '../../support/cli.js';
import { inSeconds, PREFIX, withDatabase } from '../../support/mongodb/database.js';

const MANY = 12_000;

/** Prefixes with special characters of regular expressions, and a text that they would match as such. */
const LOOKALIKES: ReadonlyArray<readonly [prefix: string, other: string]> = [
  ['a.b:', 'axb:'],
  ['a+:', 'aa:'],
  ['(a|b):', 'a:'],
  ['[ab]:', 'a:'],
  ['^a$:', 'a:'],
  ['a*:', ':'],
  [String.raw`a\d:`, 'a1:'],
  ['{"$gt":""}:', 'x:'],
  ['$a:', 'a:'],
  ['a:', 'A:'],
  ['é:', 'e:'],
  ['a\u{10FFFF}', 'b'],
];

describe('a flush on MongoDB', () => {
  const database = withDatabase();
  const ids = async (): Promise<unknown[]> =>
    (await database.entries().find({}).sort({ _id: 1 }).toArray()).map(({ _id }) => _id);

  for (const [prefix, other] of LOOKALIKES) {
    it(`of ${JSON.stringify(prefix)} keeps ${JSON.stringify(other)}, and removes its own`, async () => {
      const mine = database.open({ prefix });
      const theirs = database.open({ prefix: other });
      for (const store of [mine, theirs]) {
        await store.put('k', string('v'), 60);
        await store.tags(['t']).put('k', string('v'), 60);
        await store.lock('l').acquire('ann', 60);
      }

      expect(await all(mine.keys('k'))).to.deep.equal(['k']);
      expect(await mine.tags(['t']).flush({ dryRun: false })).to.equal(1);
      const removed = await mine.flush({ scope: 'prefix', locks: true, dryRun: false });
      expect(removed).to.deep.equal({ removed: 2, keptLocks: 0 });
      expect(await all(mine.keys())).to.be.empty;
      expect(textOf(await theirs.get('k'))).to.equal('v');
      expect(textOf(await theirs.tags(['t']).get('k'))).to.equal('v');
      expect((await theirs.lock('l').holder())!.owner).to.equal('ann');
    });
  }

  it('of tags keeps another prefix and name that join to the same text', async () => {
    const [mine, theirs] = [database.open({ prefix: 'app2' }), database.open({ prefix: 'app' })];
    await mine.tags(['t']).put('k', integer(1), 60);
    await theirs.tags(['2t']).put('k', integer(2), 60);
    expect(await mine.tags(['t']).flush({ dryRun: false })).to.equal(1);
    expect(textOf(await theirs.tags(['2t']).get('k'))).to.equal('2');
  });

  it('keeps the documents of other applications byte for byte', async () => {
    const expires_at = inSeconds(600);
    const others = [
      { _id: 'blog-cache-a', value: 'i:1;', expires_at },
      { _id: 'shop-cache', value: 'i:1;', expires_at },
      { _id: 'shop-cache.a', value: [1], note: 'not of a cache' },
      { _id: 'shop-session-a', value: 'N;', expires_at: inSeconds(-600) },
    ];
    await database.entries().insertMany(others);
    await database.entries().insertOne({ _id: `${PREFIX}a`, value: 'i:1;', expires_at });
    await database.locks().insertOne({ _id: 'blog-cache-l', owner: 'ann', expires_at });
    const { code, out } = await cachectl(['flush', '--yes', '--locks', '--url', database.url()]);
    expect({ code, out }).to.deep.equal({ code: 0, out: 'removed 1 entry\n' });
    expect(await database.entries().find({}).sort({ _id: 1 }).toArray()).to.deep.equal(others);
    expect(await database.locks().countDocuments({})).to.equal(1);
  });

  it(`removes ${MANY.toLocaleString('en')} in pages, reports progress, and stops between pages`, async () => {
    const store = database.open();
    const entries = Array.from({ length: MANY }, (_, index) => ({ key: `k:${index}`, value: integer(index), ttl: 60 }));
    await store.putMany(entries);
    await database.open({ prefix: 'other:' }).put('k', integer(1), 60);
    const stop = new AbortController();
    const options = { scope: 'prefix', locks: false, dryRun: false } as const;
    const told: number[] = [];
    const stopped = await store
      .flush({
        ...options,
        signal: stop.signal,
        wantsTotal: true,
        onProgress({ done, total }) {
          told.push(done);
          expect(total).to.equal(MANY);
          stop.abort();
        },
      })
      .catch((error: unknown) => error);
    expect(stopped).to.equal(stop.signal.reason);
    const left = (await ids()).length - 1;
    expect(told).to.deep.equal([MANY - left]);
    expect(left).to.be.within(1, MANY - 1);
    expect(await store.flush(options)).to.deep.equal({ removed: left, keptLocks: 0 });
    expect(await ids()).to.deep.equal(['other:k']);
  });

  it('through the program needs --yes without a terminal, and shows its scope', async () => {
    await database.open().put('k', integer(1), 60);
    await database.open().lock('l').acquire('ann', 60);
    const dry = await cachectl(['flush', '--dry-run', '--url', database.url()]);
    expect(dry.code).to.equal(0);
    expect(dry.out).to.equal('would remove 1 entry, kept 1 lock\n');
    const refused = await cachectl(['flush', '--url', database.url()]);
    expect(refused.code).to.equal(2);
    expect(await ids()).to.have.lengthOf(1);
    const done = await cachectl(['flush', '--yes', '--url', database.url()]);
    expect(done.code).to.equal(0);
    expect(await ids()).to.be.empty;
    expect(await database.locks().countDocuments({})).to.equal(1);
  });
});
