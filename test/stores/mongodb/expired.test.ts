import { expect } from 'chai';

import { integer, string } from '../../../src/codecs/value.js';
import { taggedKey } from '../../../src/stores/tags/names.js';
import { all, textOf } from '../../../src/testing/suite/stores.js';
import { cachectl } from '../../support/cli.js';
import { inSeconds, PREFIX, withDatabase } from '../../support/mongodb/database.js';

const PREFIX_ONLY = { scope: 'prefix', locks: true, dryRun: false } as const;

/** MongoDB removes expired documents once a minute, and only with an index. */
describe('expired documents of MongoDB that still exist', () => {
  const database = withDatabase();

  beforeEach(async () => {
    const expired = { value: 'i:7;', expires_at: inSeconds(-30) };
    await database.entries().insertMany([
      { _id: `${PREFIX}old`, ...expired, tags: [`${PREFIX}t`] },
      { _id: `${PREFIX}counter`, value: 7, expires_at: inSeconds(-30) },
      { _id: `${PREFIX}new`, value: 's:1:"n";', expires_at: inSeconds(600), tags: [`${PREFIX}t`] },
    ]);
    await database.locks().insertOne({ _id: `${PREFIX}lock`, owner: 'ann', expires_at: inSeconds(-30) });
  });

  it('are misses', async () => {
    const store = database.open();
    expect(await store.get('old')).to.be.undefined;
    const readings = await store.many(['old', 'new', 'counter']);
    expect(readings.map((reading) => reading !== undefined)).to.deep.equal([false, true, false]);
    const { code, out } = await cachectl(['get', 'old', '--url', database.url()]);
    expect({ code, out }).to.deep.equal({ code: 1, out: '' });
  });

  it('are replaced in full by add', async () => {
    expect(await database.open().add('old', string('x'), 60)).to.be.true;
    const found = await database.entries().findOne({ _id: `${PREFIX}old` });
    expect(Object.keys(found!)).to.deep.equal(['_id', 'value', 'expires_at']);
    expect(found!.value).to.equal('s:1:"x";');
  });

  it('are replaced by add with tags', async () => {
    const tagged = database.open().tags(['u']);
    await tagged.put('k', string('x'), 60);
    await database.entries().updateOne({ tags: `${PREFIX}u` }, { $set: { expires_at: inSeconds(-1) } });
    expect(await tagged.add('k', string('y'), 60)).to.be.true;
    expect(textOf(await tagged.get('k'))).to.equal('y');
  });

  it('are misses for forget', async () => {
    expect(await database.open().forget(['old', 'new', 'never'])).to.deep.equal([false, true, false]);
  });

  it('are not pulled', async () => {
    expect(await database.open().pull('old')).to.be.undefined;
  });

  it('are not revived by touch', async () => {
    const store = database.open();
    expect(await store.touch('old', 60)).to.be.false;
    expect(await store.get('old')).to.be.undefined;
  });

  it('are counted from 0 without a TTL', async () => {
    const store = database.open();
    expect(await store.increment('counter', 5n)).to.equal(5n);
    expect((await store.get('counter'))!.ttl).to.equal(null);
  });

  it('are not listed', async () => {
    expect(await all(database.open().keys())).to.deep.equal(['new']);
  });

  it('are free locks', async () => {
    const lock = database.open().lock('lock');
    expect(await lock.holder()).to.be.undefined;
    expect(await lock.release('ann')).to.be.false;
    expect(await lock.refresh('ann', 60)).to.be.false;
    expect(await lock.acquire('bob', 60)).to.be.true;
    expect((await lock.holder())!.owner).to.equal('bob');
  });

  it('are locks that force does not release', async () => {
    expect(await database.open().lock('lock').forceRelease()).to.be.false;
  });

  it('are removed by a flush, uncounted', async () => {
    const store = database.open();
    expect(await store.flush({ ...PREFIX_ONLY, dryRun: true })).to.deep.equal({ removed: 1, keptLocks: 0 });
    expect(await store.flush(PREFIX_ONLY)).to.deep.equal({ removed: 1, keptLocks: 0 });
    expect(await database.entries().countDocuments({})).to.equal(0);
    expect(await database.locks().countDocuments({})).to.equal(0);
  });

  it('are removed by a flush of their tags, uncounted', async () => {
    const tagged = database.open().tags(['flushed']);
    await tagged.put('new', string('n'), 600);
    await tagged.put('old', string('o'), 600);
    const tags = `${PREFIX}flushed`;
    const old = { _id: `${PREFIX}${taggedKey(['flushed'], 'old')}` };
    await database.entries().updateOne(old, { $set: { expires_at: inSeconds(-30) } });
    expect(await tagged.flush({ dryRun: true })).to.equal(1);
    expect(await tagged.flush({ dryRun: false })).to.equal(1);
    expect(await database.entries().countDocuments({ tags })).to.equal(0);
  });

  it('are replaced by a put', async () => {
    const store = database.open();
    await store.put('old', integer(1), 60);
    await store.putMany([{ key: 'counter', value: integer(2), ttl: 60 }]);
    expect(textOf(await store.get('old'))).to.equal('1');
    expect(textOf(await store.get('counter'))).to.equal('2');
    expect((await database.entries().findOne({ _id: `${PREFIX}old` }))!.tags).to.be.undefined;
  });
});
