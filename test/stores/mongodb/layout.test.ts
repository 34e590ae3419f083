import { expect } from 'chai';
import { Binary, Double, Int32, Long } from 'mongodb';

import { openCodec } from '../../../src/codecs/open.js';
import { float, integer, list, string, type Value } from '../../../src/codecs/value.js';
import { RefusedError } from '../../../src/errors.js';
import { openMongodb } from '../../../src/stores/mongodb/store.js';
import { failure } from '../../../src/testing/suite/stores.js';
import { cachectl } from '../../support/cli.js';
import { inSeconds, PREFIX, withDatabase } from '../../support/mongodb/database.js';

const TEN_YEARS = 315_360_000;

/** The field `value` as the official client reads it, without promoting numbers. */
const STORED: ReadonlyArray<readonly [title: string, value: Value, field: unknown]> = [
  ['an integer of 32 bits stands bare', integer(-7), new Int32(-7)],
  ['a larger one stands bare in 64 bits', integer(2n ** 31n), Long.fromBigInt(2n ** 31n)],
  ['so does the largest', integer(2n ** 63n - 1n), Long.MAX_VALUE],
  ['a float stands bare', float(1.5), new Double(1.5)],
  ['a whole float stays one', float(2), new Double(2)],
  ['a string is serialized', string('hello'), 's:5:"hello";'],
  ['a string of digits is one, too', string('42'), 's:2:"42";'],
  ['text beyond ASCII counts in bytes', string('žluť 🐎'), 's:11:"žluť 🐎";'],
  ['a NUL is a character like others', string('a\0b'), 's:3:"a\0b";'],
  ['a boolean is serialized', { type: 'boolean', value: false }, 'b:0;'],
  ['so is null', { type: 'null' }, 'N;'],
  ['so is an array, numbers in it too', list([integer(1), float(0.5)]), 'a:2:{i:0;i:1;i:1;d:0.5;}'],
];

/** Laravel's values, and how `get --json` prints them. */
const READ: ReadonlyArray<readonly [title: string, field: unknown, json: string, type: string]> = [
  ['an integer', new Int32(42), '42', 'integer'],
  ['an integer of 64 bits', Long.fromString('9007199254740993'), '9007199254740993', 'integer'],
  ['a float', new Double(0.1), '0.1', 'float'],
  ['a whole float', new Double(3), '3.0', 'float'],
  ['a string', 's:5:"hello";', '"hello"', 'string'],
  ['the empty string', 's:0:"";', '""', 'string'],
  ['a string with semicolons', 's:5:"a;b;c";', '"a;b;c"', 'string'],
  ['true', 'b:1;', 'true', 'boolean'],
  ['null', 'N;', 'null', 'null'],
  ['an array', 'a:1:{s:1:"k";i:2;}', '{"k":2}', 'array'],
  ['text that was never serialized, which is itself to Laravel', 'bare', '"bare"', 'string'],
  ['a boolean that something else put bare', true, 'true', 'boolean'],
];

describe('documents of MongoDB', () => {
  const database = withDatabase();

  describe('are written as mongodb/laravel-mongodb writes them', () => {
    for (const [title, value, field] of STORED) {
      it(title, async () => {
        await database.open().put('k', value, 60);
        const found = await database.entries().findOne({}, { promoteValues: false });
        expect(Object.keys(found!)).to.deep.equal(['_id', 'value', 'expires_at']);
        expect(found!._id).to.equal(`${PREFIX}k`);
        expect(found!.value).to.deep.equal(field);
      });
    }

    it('by every write', async () => {
      const store = database.open();
      await store.putMany([{ key: 'put', value: integer(1), ttl: 60 }]);
      await store.add('added', string('x'), 60);
      await store.increment('counted', 2n ** 40n);
      const found = await database.entries().find({}, { promoteValues: false }).sort({ _id: 1 }).toArray();
      expect(found.map(({ _id, value }) => [_id, value])).to.deep.equal([
        [`${PREFIX}added`, 's:1:"x";'],
        [`${PREFIX}counted`, Long.fromBigInt(2n ** 40n)],
        [`${PREFIX}put`, new Int32(1)],
      ]);
      expect(found.every(({ expires_at }) => expires_at instanceof Date)).to.be.true;
    });

    it('with binary for bytes that are not UTF-8, which a BSON string cannot hold', async () => {
      const store = database.open();
      await store.put('k', string(Buffer.from([0xff, 0])), 60);
      const found = await database.entries().findOne({}, { promoteValues: false });
      const serialized = Buffer.from([...Buffer.from('s:2:"'), 0xff, 0, ...Buffer.from('";')]);
      expect(Buffer.from((found!.value as Binary).value())).to.deep.equal(serialized);
      expect((await store.get('k'))!.decode()).to.deep.equal(string(Buffer.from([0xff, 0])));
    });

    it('with the date of expiry, ten years ahead for never', async () => {
      const store = database.open();
      await store.put('short', string('x'), 9000);
      await store.put('ever', string('x'), null);
      const left = async (key: string): Promise<number> =>
        ((await database.entries().findOne({ _id: PREFIX + key }))!.expires_at as Date).getTime() - Date.now();
      expect(await left('short')).to.be.within(8900 * 1000, 9100 * 1000);
      expect(await left('ever')).to.be.within((TEN_YEARS - 100) * 1000, (TEN_YEARS + 100) * 1000);
    });

    it('with any key of any length', async () => {
      const store = database.open();
      for (const key of ['a\0b', '$where', 'a.b', ' ', '🐎', 'k'.repeat(5000)]) {
        await store.put(key, string(key), 60);
        expect((await store.get(key))!.decode()).to.deep.equal(string(key));
        expect(await database.entries().countDocuments({ _id: PREFIX + key })).to.equal(1);
      }
    });

    it('with the last possible date for a TTL beyond it', async () => {
      const store = database.open();
      await store.put('k', string('x'), Number.MAX_SAFE_INTEGER);
      expect((await store.get('k'))!.ttl).to.equal(null);
    });

    it('up to 16 MB, and refused beyond, by every write', async () => {
      const store = database.open();
      await store.put('k', string('kept'), 60);
      const large = string(Buffer.alloc(16 * 1024 * 1024, 'x'));
      const entry = { key: 'k', value: large, ttl: 60 };
      for (const attempt of [store.put('k', large, 60), store.putMany([entry]), store.add('other', large, 60)]) {
        const error = await failure(attempt);
        expect(error).to.be.instanceOf(RefusedError);
        expect((error as Error).message).to.include('the document is too large for mongodb');
      }

      expect((await store.get('k'))!.decode()).to.deep.equal(string('kept'));
      const fits = string(Buffer.alloc(16 * 1024 * 1024 - 1000, 'x'));
      await store.put('k', fits, 60);
      expect((await store.get('k'))!.stored).to.have.length.above(16 * 1024 * 1024 - 1000);
    });

    it('with the text of another codec', async () => {
      const store = openMongodb(database.profile({ codec: 'json' }), openCodec('json'), { timeoutMs: 20_000 });
      try {
        await store.put('k', list([integer(1)]), 60);
        expect((await database.entries().findOne({}))!.value).to.equal('[1]');
      } finally {
        await store.close();
      }
    });
  });

  describe('of Laravel are read', () => {
    for (const [title, value, json, type] of READ) {
      it(title, async () => {
        await database.entries().insertOne({ _id: `${PREFIX}k`, value, expires_at: inSeconds(1000) });
        const { code, out } = await cachectl(['get', 'k', '--json', '--url', database.url()]);
        expect(out).to.match(/"ttl":\d+\}\n$/);
        expect(out).to.include(`"value":${json},"type":"${type}"`);
        expect(code).to.equal(0);
      });
    }

    it('with ten years that began long ago as never', async () => {
      const expires_at = inSeconds(TEN_YEARS - 40_000_000);
      await database.entries().insertOne({ _id: `${PREFIX}k`, value: 'N;', expires_at });
      expect((await database.open().get('k'))!.ttl).to.equal(null);
    });

    it('and incremented with their TTL and type', async () => {
      const expires_at = inSeconds(1000);
      await database.entries().insertOne({ _id: `${PREFIX}k`, value: new Int32(2 ** 31 - 1), expires_at });
      expect(await database.open().increment('k', 1n)).to.equal(2n ** 31n);
      const found = await database.entries().findOne({}, { promoteValues: false });
      expect(found).to.deep.equal({ _id: `${PREFIX}k`, value: Long.fromBigInt(2n ** 31n), expires_at });
    });
  });

  it('of tagged entries have the prefixed tags beside the value', async () => {
    const tagged = database.open().tags(['people', 'artists']);
    await tagged.put('John', integer(1), 60);
    const found = await database.entries().findOne({});
    expect(found!.tags).to.deep.equal([`${PREFIX}people`, `${PREFIX}artists`]);
    // sha1 of tag:people:entries|tag:artists:entries, as on Redis.
    expect(found!._id).to.match(new RegExp(`^${PREFIX}[0-9a-f]{40}:John$`));
    await tagged.increment('John', 1n);
    await tagged.touch('John', 120);
    expect((await database.entries().findOne({}))!.tags).to.deep.equal(found!.tags);
  });

  it('of locks have the bare owner, in their own collection', async () => {
    const store = database.open();
    await store.lock('deploy').acquire('ann', 60);
    const found = await database.locks().findOne({});
    expect(Object.keys(found!)).to.deep.equal(['_id', 'owner', 'expires_at']);
    expect(found).to.deep.include({ _id: `${PREFIX}deploy`, owner: 'ann' });
    expect(await database.entries().countDocuments({})).to.equal(0);
  });

  it("of Laravel's locks exclude others, and are released by their owner only", async () => {
    await database.locks().insertOne({ _id: `${PREFIX}deploy`, owner: 'laravels-owner-x', expires_at: inSeconds(60) });
    const lock = database.open().lock('deploy');
    expect(await lock.acquire('ann', 60)).to.be.false;
    expect(await lock.holder()).to.deep.include({ owner: 'laravels-owner-x' });
    expect(await lock.release('ann')).to.be.false;
    expect(await lock.refresh('laravels-owner-x', 600)).to.be.true;
    expect(await lock.release('laravels-owner-x')).to.be.true;
    expect(await database.locks().countDocuments({})).to.equal(0);
  });

  it('are in the collections of the profile', async () => {
    const store = database.open({ collection: 'app_cache', lockCollection: 'app_locks' });
    await store.put('k', integer(1), 60);
    await store.lock('l').acquire('ann', 60);
    const names = await database.server().client.db(database.name).listCollections().toArray();
    expect(names.map(({ name }) => name)).to.include.members(['app_cache', 'app_locks']);
    expect(await database.entries().countDocuments({})).to.equal(0);
  });
});
