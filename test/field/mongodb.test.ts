import { expect } from 'chai';
import { ObjectId } from 'mongodb';

import { cachectl, type Result } from '../support/cli.js';
import { expectFault } from '../support/faults.js';
import { inSeconds, PREFIX, withDatabase } from '../support/mongodb/database.js';

const COUNT = 20;

interface Layout {
  readonly title: string;
  /** How a message describes a document. */
  readonly shape: string;
  /** @param number of the document */
  document(number: number): object;
}

/** Collections of other packages and frameworks. */
const LAYOUTS: readonly Layout[] = [
  {
    title: 'an ObjectId, and the key in a field',
    shape: '{_id: ObjectId, key: string, expiration: number}',
    document: (number) => ({
      _id: new ObjectId(),
      key: `${PREFIX}k${number}`,
      value: 'i:1;',
      expiration: 4_102_444_800,
    }),
  },
  {
    title: 'the key as _id, and the expiry as a number',
    shape: '{_id: string, expiration: number}',
    document: (number) => ({ _id: `${PREFIX}k${number}`, value: 'i:1;', expiration: 4_102_444_800 }),
  },
  {
    title: 'the key as _id, and no expiry',
    shape: '{_id: string}',
    document: (number) => ({ _id: `${PREFIX}k${number}`, value: 'i:1;' }),
  },
  {
    title: 'the key as _id, and an expires_at that is a number',
    shape: '{_id: string, expires_at: number}',
    document: (number) => ({ _id: `${PREFIX}k${number}`, value: 'i:1;', expires_at: 4_102_444_800 }),
  },
];

const SEEN: ReadonlyArray<readonly [args: readonly string[], code: number]> = [
  [['get', 'k1'], 1],
  [['inspect', 'k1'], 1],
  [['keys'], 0],
  [['stats'], 0],
  [['keys', '--count'], 0],
  [['forget', 'k1'], 1],
  [['pull', 'k1'], 1],
  [['touch', 'k1', '--ttl', '60'], 1],
  [['tags:list'], 0],
  [['put', 'new', 'v'], 0],
  [['increment', 'counter'], 0],
  [['remember', 'new', '--ttl', '1m', '--', 'echo', 'v'], 0],
];

const REFUSED: ReadonlyArray<readonly string[]> = [
  ['flush', '--yes'],
  ['flush', '--dry-run'],
  ['flush', '--all', '--yes'],
  ['flush', '--locks', '--yes'],
  ['flush', '--pattern', '*', '--yes'],
  ['tags:flush', 't', '--yes'],
  ['tags:prune'],
  ['export'],
  ['copy', '--to-url', 'sqlite://./target.sqlite'],
];

/** Documents that no cache wrote. */
const STRAY: readonly object[] = [
  { _id: `${PREFIX}undated`, value: 'i:1;' },
  { _id: `${PREFIX}numbered`, value: 'i:1;', expires_at: 4_102_444_800 },
  { _id: 'zzz', key: `${PREFIX}field`, value: 'i:1;', expiration: 1 },
];

describe('MongoDB deployments', () => {
  const database = withDatabase();
  const run = async (...[command = '', ...args]: readonly string[]): Promise<Result> =>
    cachectl([command, '--url', database.url(), ...args]);
  const documents = async (): Promise<readonly object[]> => database.entries().find({}).sort({ _id: 1 }).toArray();

  for (const [index, { title, shape, document }] of LAYOUTS.entries()) {
    describe(`with a collection whose documents have ${title}`, () => {
      const message = `the collection cache holds documents of another layout, such as ${shape}`;

      beforeEach(async () => {
        await database.entries().insertMany(Array.from({ length: COUNT }, (_, number) => document(number) as never));
      });

      it('doctor reports a fault, and writes nothing there', async () => {
        const before = await documents();
        const { code, out } = await run('doctor');
        expect(out).to.include(`fault\tentries\t${message}`).and.to.not.include('there are no keys');
        expect(code).to.equal(1);
        expect(await documents()).to.deep.equal(before);
      });

      // All commands check the layout in the same way, so one layout is enough for all of them.
      for (const args of index === 0 ? REFUSED : REFUSED.slice(0, 3)) {
        it(`${args.join(' ')} is refused, and leaves them unchanged`, async () => {
          const before = await documents();
          expectFault(await run(...args), { code: 3, message, hint: 'mongodb/laravel-mongodb' });
          expect(await documents()).to.deep.equal(before);
        });
      }

      it('reads and writes print a warning, and change none of them', async () => {
        const before = await documents();
        for (const [args, code] of index === 0 ? SEEN : SEEN.slice(0, 3)) {
          await database.entries().deleteMany({ _id: { $in: [`${PREFIX}new`, `${PREFIX}counter`] } });
          const result = await run(...args);
          expect(result.err, args.join(' ')).to.include(
            `warning: ${message}\n  cachectl reads {_id: KEY, value, expires_at`,
          );
          expect(result.code, args.join(' ')).to.equal(code);
        }

        await database.entries().deleteMany({ _id: { $in: [`${PREFIX}new`, `${PREFIX}counter`] } });
        expect(await documents()).to.deep.equal(before);
      });
    });
  }

  it('a lock collection of another layout is reported too', async () => {
    await database
      .locks()
      .insertOne({ _id: new ObjectId() as never, key: 'l', owner: 'ann', expiration: 4_102_444_800 });
    const message = 'the collection cache_locks holds documents of another layout, such as {_id: ObjectId, key: string';
    for (const [args, code] of [
      [['lock:list'], 0],
      [['lock:show', 'l'], 1],
      [['lock:acquire', 'l', '--ttl', '1h'], 0],
      [['lock:run', 'l', '--', 'true'], 0],
    ] as const) {
      const result = await run(...args);
      expect(result.err, args[0]).to.include(`warning: ${message}`);
      expect(result.code, args[0]).to.equal(code);
      await database.locks().deleteMany({ _id: `${PREFIX}l` });
    }

    expect((await run('doctor')).out).to.include(`fault\tlocks\t${message}`);
  });

  describe('with documents of both layouts', () => {
    beforeEach(async () => {
      const expired = { _id: `${PREFIX}expired`, value: 'i:1;', expires_at: inSeconds(-600) };
      const live = { _id: `${PREFIX}live`, value: 'i:1;', expires_at: inSeconds(600) };
      await database.entries().insertMany([expired, live, ...STRAY] as never);
    });

    for (const [args, left] of [
      [['flush'], 2],
      [['flush', '--all'], 3],
    ] as const) {
      it(`${args.join(' ')} removes what it counts, and says what stays`, async () => {
        const what = `${left} documents of another layout`;
        const dry = await run(...args, '--dry-run');
        expect(dry).to.include({ code: 0, out: 'would remove 1 entry\n' });
        expect(dry.err).to.include(`warning: would keep ${what}`);
        const done = await run(...args, '--yes');
        expect(done).to.include({ code: 0, out: 'removed 1 entry\n' });
        expect(done.err).to.include(`warning: kept ${what}`);
        expect(await documents()).to.have.deep.members([...STRAY]);
        await database.entries().insertOne({ _id: `${PREFIX}live`, value: 'i:1;', expires_at: inSeconds(600) });
        expect(JSON.parse((await run(...args, '--yes', '--json')).out)).to.include({ removed: 1, foreign: left });
      });
    }

    it('doctor warns', async () => {
      const { code, out } = await run('doctor');
      expect(out).to.include('warning\tlayout of cache\t3 of the 5 documents checked have another layout');
      expect(code).to.equal(0);
    });
  });

  describe('with a missing collection', () => {
    it('reads and flushes say so; the first write creates it', async () => {
      const url = database.url(`prefix=${PREFIX}&collection=cahce&lockCollection=cahce_locks`);
      const there = async (...args: readonly string[]): Promise<Result> => cachectl([...args, '--url', url]);
      const message = `warning: database ${database.name} has no collection cahce yet\n  Check database and collection`;
      for (const [args, code] of [
        [['get', 'k'], 1],
        [['keys'], 0],
        [['stats'], 0],
        [['flush', '--yes'], 0],
        [['export'], 0],
        [['stats'], 0],
      ] as const) {
        const result = await there(...args);
        expect(result.err, args[0]).to.include(message);
        expect(result.code, args[0]).to.equal(code);
      }

      expect((await there('lock:list')).err).to.include('no collection cahce_locks yet');
      expect((await there('doctor')).out).to.include(
        `warning\tentries\tdatabase ${database.name} has no collection cahce`,
      );
      expect(await there('put', 'k', 'v')).to.include({ code: 0, err: '' });
      expect(await there('get', 'k')).to.include({ code: 0, out: 'v\n', err: '' });
    });

    it('a missing lock collection is normal before the first lock', async () => {
      const url = database.url(`prefix=${PREFIX}&collection=only_entries`);
      expect((await cachectl(['put', 'k', 'v', '--url', url])).code).to.equal(0);
      await database.locks().drop();
      expect(await cachectl(['lock:list', '--url', url])).to.include({ code: 0, err: '' });
    });
  });
});
