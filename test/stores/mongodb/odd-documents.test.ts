import { expect } from 'chai';
import { BSONRegExp, Code, Decimal128, Int32, Long, MaxKey, ObjectId, Timestamp } from 'mongodb';

import { integer, string } from '../../../src/codecs/value.js';
import { NotANumberError, UndecodableError } from '../../../src/errors.js';
import { isLive, ttlOf } from '../../../src/stores/mongodb/expiry.js';
import { storedBytes } from '../../../src/stores/mongodb/values.js';
import { all, failure, textOf } from '../../../src/testing/suite/stores.js';
import { cachectl } from '../../support/cli.js';
import { expectFault } from '../../support/faults.js';
import { inSeconds, PREFIX, withDatabase } from '../../support/mongodb/database.js';

const K = `${PREFIX}k`;

/** The beginning of the keys of tagged entries. */
const TAGGED = `${PREFIX}${'0'.repeat(40)}:`;

/** Values that no cache writes into `value`, and how `get --raw` prints them. */
const VALUES: ReadonlyArray<readonly [title: string, value: unknown, raw: string]> = [
  ['an array', [1, 's:1:"x";'], String.raw`[1,"s:1:\"x\";"]`],
  ['an array of numbers', [new Int32(1), Long.fromBigInt(2n)], '[1,2]'],
  ['a document', { a: 1 }, '{"a":1}'],
  ['a document that is no object to JavaScript', { toString: 1, valueOf: 2 }, '{"toString":1,"valueOf":2}'],
  ['an ObjectId', new ObjectId('65a1b2c3d4e5f60718293a4b'), '{"$oid":"65a1b2c3d4e5f60718293a4b"}'],
  ['a decimal', Decimal128.fromString('1.50'), '{"$numberDecimal":"1.50"}'],
  ['a date', new Date(0), '{"$date":"1970-01-01T00:00:00Z"}'],
  ['a regular expression', new BSONRegExp('^a', 's'), '{"$regularExpression":{"pattern":"^a","options":"s"}}'],
  ['code', new Code('x'), '{"$code":"x"}'],
  ['a timestamp', new Timestamp({ t: 1, i: 2 }), '{"$timestamp":{"t":1,"i":2}}'],
  ['the last of all keys', new MaxKey(), '{"$maxKey":1}'],
  ['half a serialized string', 's:5:"h;"', 's:5:"h;"'],
];

/** Values that are no date. */
const EXPIRIES: ReadonlyArray<readonly [title: string, expiry: unknown]> = [
  ['missing', undefined],
  ['null', null],
  ['a text', '2999-01-01'],
  ['a number', 4_102_444_800],
  ['a document', { date: 'x' }],
];

describe('documents of MongoDB with an unexpected shape', () => {
  const database = withDatabase();
  const insert = async (document: object): Promise<unknown> =>
    database.entries().insertOne({ _id: K, expires_at: inSeconds(600), ...document });
  const asLeft = async (): Promise<object | null> =>
    database.entries().findOne({}, { promoteValues: false, bsonRegExp: true });

  describe('put as stored bytes', () => {
    for (const [title, value] of [...VALUES, ['nothing', undefined]] as const) {
      it(`are the same with ${title} as the value`, async () => {
        await insert(value === undefined ? {} : { value });
        const before = await asLeft();
        const store = database.open();
        const { inForm } = (await store.get('k'))!;
        await store.put('k', string('another'), 60);
        await store.putStored!([{ key: 'k', stored: inForm!(), ttl: 600 }]);
        const after = await asLeft();
        expect({ ...after, expires_at: null }).to.deep.equal({ ...before, expires_at: null });
      });
    }
  });

  describe('with a value that is', () => {
    for (const [title, value, raw] of VALUES.slice(0, -1)) {
      it(`${title}: fail to read, and to count as no number`, async () => {
        await insert({ value });
        const before = await asLeft();
        const store = database.open();
        const entry = (await store.get('k'))!;
        expect(() => entry.decode()).to.throw(UndecodableError, /the value is a BSON \w+, which no cache writes/);
        expect(entry.stored.toString()).to.include(raw);
        expect(await failure(store.increment('k', 1n))).to.be.instanceOf(NotANumberError);
        expect(await asLeft()).to.deep.equal(before);
      });
    }

    for (const [title, value, raw] of [...VALUES.slice(0, 4), VALUES.at(-1)!]) {
      it(`${title}: through the built program`, async () => {
        await insert({ value });
        const fault = await cachectl(['get', 'k', '--url', database.url()]);
        expectFault(fault, { code: 3, message: '"k" cannot be read', hint: 'get --raw' });
        const bare = await cachectl(['get', 'k', '--raw', '--url', database.url()]);
        expect(bare.code).to.equal(0);
        expect(bare.out).to.include(raw);
      });
    }

    it('a date: are reported as a date', async () => {
      await insert({ value: new Date(0) });
      const entry = await database.open().get('k');
      expect(() => entry!.decode()).to.throw(UndecodableError, 'the value is a BSON date, which');
    });

    it('of a type unknown to the client: are shown as such', () => {
      expect(storedBytes({ _bsontype: 'Unheard' }).toString()).to.equal('a BSON Unheard');
    });

    it('missing: fail to read too', async () => {
      await insert({});
      const store = database.open();
      const entry = (await store.get('k'))!;
      expect(() => entry.decode()).to.throw(UndecodableError, 'a BSON nothing');
      expect(entry.stored).to.have.lengthOf(0);
      expect(await failure(store.increment('k', 1n))).to.be.instanceOf(NotANumberError);
      expect(await store.add('k', integer(1), 60)).to.be.false;
      expect(await store.forget(['k'])).to.deep.equal([true]);
    });

    it('odd can be pulled, replaced, and read beside others', async () => {
      await insert({ value: [1] });
      const store = database.open();
      await store.put('good', string('v'), 60);
      const readings = await store.many(['k', 'good', 'none']);
      expect(textOf(readings[1] as Parameters<typeof textOf>[0])).to.equal('v');
      expect(await all(store.keys())).to.deep.equal(['good', 'k']);
      expect((await store.pull('k'))!.stored.toString()).to.equal('[1]');
      await insert({ value: [1] });
      await store.put('k', string('w'), 60);
      expect(textOf(await store.get('k'))).to.equal('w');
    });
  });

  describe('with an expires_at that is', () => {
    for (const [title, expires_at] of EXPIRIES) {
      it(`${title}: count as absent`, async () => {
        const document = { _id: K, value: 'i:1;', ...(expires_at !== undefined && { expires_at }) };
        await database.entries().insertOne(document);
        const store = database.open();
        expect(await store.get('k')).to.be.undefined;
        expect(await store.touch('k', 60)).to.be.false;
        expect(await store.forget(['k'])).to.deep.equal([false]);
        expect(await store.pull('k')).to.be.undefined;
        expect(await asLeft()).to.not.be.null;
        expect(await all(store.keys())).to.be.empty;
        expect(await store.flush({ scope: 'prefix', locks: false, dryRun: true })).to.include({ removed: 0 });
        expect(await store.add('k', string('x'), 60)).to.be.true;
        expect(textOf(await store.get('k'))).to.equal('x');
      });

      it(`${title}: are free locks`, async () => {
        await database.locks().insertOne({ _id: K, owner: 'ann', ...(expires_at !== undefined && { expires_at }) });
        const lock = database.open().lock('k');
        expect(await lock.holder()).to.be.undefined;
        expect(await lock.acquire('bob', 60)).to.be.true;
        expect((await lock.holder())!.owner).to.equal('bob');
      });
    }

    it('an array of dates: are read with an unknown TTL', async () => {
      await database.entries().insertOne({ _id: K, value: 'i:1;', expires_at: [inSeconds(60)] });
      const { code, out } = await cachectl(['get', 'k', '--json', '--url', database.url()]);
      expect(code).to.equal(0);
      expect(JSON.parse(out)).to.deep.include({ hit: true, value: 1 });
      expect(JSON.parse(out)).not.to.have.property('ttl', 60);
    });

    it("beyond JavaScript's dates: never expire", () => {
      const beyond = new Date(Number.NaN);
      expect(ttlOf(beyond, Date.now())).to.equal(null);
      expect(isLive(beyond, Date.now())).to.be.true;
    });
  });

  describe('with an _id that is not text', () => {
    beforeEach(async () => {
      const ids = [new ObjectId(), 7, { a: 1 }, new Date(0)];
      const carried = { value: 'i:1;', tags: [`${PREFIX}t`], expires_at: inSeconds(600) };
      await database.entries().insertMany(ids.map((_id) => ({ ...carried, _id: _id as unknown as string })));
    });

    it('are neither listed nor flushed, with or without a prefix', async () => {
      for (const prefix of [PREFIX, '']) {
        const store = database.open({ prefix });
        expect(await all(store.keys())).to.be.empty;
        expect(await store.flush({ scope: 'prefix', locks: true, dryRun: false })).to.include({ removed: 0 });
        expect(await store.tags(['t']).flush({ dryRun: false })).to.equal(0);
      }

      expect(await database.entries().countDocuments({})).to.equal(4);
    });

    it('are removed by a flush of everything', async () => {
      const store = database.open();
      await store.put('k', integer(1), 60);
      await store.lock('l').acquire('ann', 60);
      const options = { scope: 'all', locks: true } as const;
      expect(await store.flush({ ...options, dryRun: true })).to.include({ removed: 6 });
      expect(await store.flush({ ...options, dryRun: false })).to.include({ removed: 6 });
      expect(await database.entries().countDocuments({})).to.equal(0);
    });
  });

  it('with an owner that is not text are locks that only force releases', async () => {
    for (const owner of [{ toString: 1 }, ['ann'], 5, null, undefined]) {
      await database.locks().insertOne({ _id: K, expires_at: inSeconds(60), ...(owner !== undefined && { owner }) });
      const lock = database.open().lock('k');
      expect((await lock.holder())!.owner).to.be.a('string');
      expect(await lock.acquire('bob', 60)).to.be.false;
      expect(await lock.forceRelease()).to.be.true;
    }
  });

  it('with invalid tags count by their content', async () => {
    const expires_at = inSeconds(60);
    await database.entries().insertMany([
      { _id: `${TAGGED}a`, value: 'N;', expires_at, tags: { x: `${PREFIX}t` } },
      { _id: `${TAGGED}b`, value: 'N;', expires_at, tags: 7 },
      { _id: `${TAGGED}c`, value: 'N;', expires_at, tags: `${PREFIX}t` },
    ]);
    expect(await database.open().tags(['t']).flush({ dryRun: false })).to.equal(1);
    expect(await database.entries().countDocuments({})).to.equal(2);
  });
});
