import { expect } from 'chai';

import type { Store } from '../../../src/stores/contract/store.js';

import { integer, string } from '../../../src/codecs/value.js';
import { NotANumberError } from '../../../src/errors.js';
import { failure, textOf } from '../../../src/testing/suite/stores.js';
import { Worker } from '../../../src/testing/worker-process.js';
import { hasMongodb } from '../../support/mongodb-server.js';
import { inSeconds, PREFIX, withDatabase } from '../../support/mongodb/database.js';

const GREATEST = 2n ** 63n - 1n;
const TAKERS = 64;

/** How many of them succeeded. */
function wins(answers: readonly boolean[]): number {
  return answers.filter(Boolean).length;
}

async function atOnce<T>(stores: readonly Store[], work: (store: Store, index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: TAKERS }, async (_, index) => work(stores[index % stores.length]!, index)));
}

/** mongo-java-server returns the document as it is when the answer is sent, which may be after the next step. */
function areToldApart(sums: readonly bigint[]): boolean {
  return !hasMongodb() || new Set(sums).size === sums.length;
}

describe('concurrent clients of MongoDB', () => {
  const database = withDatabase();

  /** Stores with separate sockets, so that the server gets the requests concurrently. */
  function takers(): readonly Store[] {
    return Array.from({ length: 8 }, () => database.open());
  }

  for (const [what, prepare] of [
    ['is not there', async () => {}],
    [
      'expired',
      async () => {
        await database.entries().insertOne({ _id: `${PREFIX}k`, value: 'N;', expires_at: inSeconds(-5) });
      },
    ],
  ] as const) {
    it(`let one of ${TAKERS} add what ${what}`, async () => {
      await prepare();
      const stores = takers();
      expect(wins(await atOnce(stores, async (store, index) => store.add('k', integer(index), 60)))).to.equal(1);
      expect(await database.entries().countDocuments({})).to.equal(1);
    });
  }

  for (const [what, prepare] of [
    ['that is free', async () => {}],
    [
      'that expired',
      async () => {
        await database.locks().insertOne({ _id: `${PREFIX}l`, owner: 'dead', expires_at: inSeconds(-5) });
      },
    ],
  ] as const) {
    it(`give a lock ${what} to one of ${TAKERS}, the holder`, async () => {
      await prepare();
      const stores = takers();
      const answers = await atOnce(stores, async (store, index) => store.lock('l').acquire(`owner-${index}`, 60));
      expect(wins(answers)).to.equal(1);
      const holder = await stores[0]!.lock('l').holder();
      expect(holder!.owner).to.equal(`owner-${answers.indexOf(true)}`);
    });
  }

  it('let one of many release a lock, and one of many pull an entry', async () => {
    const stores = takers();
    await stores[0]!.lock('l').acquire('ann', 60);
    await stores[0]!.put('k', string('v'), 60);
    expect(wins(await atOnce(stores, async (store) => store.lock('l').release('ann')))).to.equal(1);
    expect(wins(await atOnce(stores, async (store) => (await store.pull('k')) !== undefined))).to.equal(1);
  });

  it('can all put one new key, which holds one of the values', async () => {
    const stores = takers();
    await atOnce(stores, async (store, index) => store.put('k', integer(index), 60));
    expect(Number(textOf(await stores[0]!.get('k')))).to.be.within(0, TAKERS - 1);
  });

  it('lose none of 200 increments of a missing key', async () => {
    const stores = takers();
    const sums = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => stores[index % stores.length]!.increment('hits', 1n)),
    );
    expect(areToldApart(sums)).to.be.true;
    expect(textOf(await stores[0]!.get('hits'))).to.equal('200');
  });

  it('lose no increment of a number stored as a string', async () => {
    const stores = takers();
    await stores[0]!.put('hits', string('100'), 600);
    const sums = await atOnce(stores, async (store) => store.increment('hits', 1n));
    expect(areToldApart(sums)).to.be.true;
    expect(textOf(await stores[0]!.get('hits'))).to.equal(String(100 + TAKERS));
    expect((await stores[0]!.get('hits'))!.ttl).to.be.within(300, 600);
  });

  it('never count beyond 64 bits, even with simultaneous last steps', async () => {
    const stores = takers();
    await stores[0]!.put('k', integer(GREATEST - 3n), 60);
    const outcomes = await atOnce(stores, async (store) => store.increment('k', 1n).catch((error: unknown) => error));
    const refused = outcomes.filter((outcome) => outcome instanceof NotANumberError);
    expect(refused).to.have.lengthOf(TAKERS - 3);
    expect(textOf(await stores[0]!.get('k'))).to.equal(String(GREATEST));
  });

  it('get an error at either limit of 64 bits, without a change', async () => {
    const store = database.open();
    for (const [held, by] of [
      [GREATEST, 1n],
      [1n, GREATEST],
      [-GREATEST, -2n],
      [-(2n ** 63n), -1n],
    ] as const) {
      await store.put('k', integer(held), 60);
      const error = await failure(store.increment('k', by));
      expect(error).to.be.instanceOf(NotANumberError);
      expect((error as Error).message).to.include('exceeds 64 bits');
      expect((await store.get('k'))!.decode()).to.deep.equal(integer(held));
    }
  });

  it('can be several processes', async function () {
    this.timeout(120_000);
    const workers = Array.from({ length: 3 }, () => new Worker(database.profile()));
    try {
      await Promise.all(workers.map(async (worker) => worker.ready()));
      const keys = Array.from({ length: 50 }, (_, index) => `k:${index}`);
      const added = await Promise.all(workers.map(async (worker) => worker.does({ job: 'add', keys })));
      expect(added.reduce((sum, count) => sum + count, 0)).to.equal(keys.length);
      await Promise.all(workers.map(async (worker) => worker.does({ job: 'increment', key: 'hits', times: 70 })));
      expect(textOf(await database.open().get('hits'))).to.equal('210');
    } finally {
      for (const worker of workers) worker.end();
    }
  });
});
