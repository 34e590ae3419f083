import type { Collection } from 'mongodb';

import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { hostname } from 'node:os';

import type { Waiting } from '../../../src/stores/contract/locks.js';
import type { Store } from '../../../src/stores/contract/store.js';

import { until } from '../../../src/testing/suite/stores.js';
import {
  type AnyDocument,
  inSeconds,
  PREFIX,
  type TestDatabase,
  withDatabase,
} from '../../support/mongodb/database.js';

/** In milliseconds, longer than any case: a missing notification ends with the case's own timeout. */
const LONG = 3_600_000;

/** To see that nothing happens. */
const SHORT = 200;

const never = new AbortController().signal;

/** A process that waits for the lock until it is killed. */
const WAITER = `
  import { openCodec } from ${JSON.stringify(new URL('../../../src/codecs/open.ts', import.meta.url).href)};
  import { openMongodb } from ${JSON.stringify(new URL('../../../src/stores/mongodb/store.ts', import.meta.url).href)};
  const store = openMongodb(JSON.parse(process.argv[1]), openCodec('php'), { timeoutMs: 20_000 });
  const waiting = await store.lock('deploy').startWaiting('a process');
  await waiting.news(${LONG}, new AbortController().signal);
`;

/** The collection of waiters. */
function waitersOf(database: TestDatabase): Collection<AnyDocument> {
  return database.server().client.db(database.name).collection<AnyDocument>('cachectl_waiters');
}

async function owners(store: Store): Promise<Array<string | undefined>> {
  const waiters = await store.lock('deploy').waiters!();
  return waiters.map(({ owner }) => owner);
}

async function isSeen(store: Store, owner: string): Promise<void> {
  await until(async () => (await owners(store)).includes(owner));
}

describe('waiting for a lock on MongoDB', () => {
  const database = withDatabase();
  const waiters = (): Collection<AnyDocument> => waitersOf(database);
  let store: Store;

  beforeEach(async () => {
    store = database.open();
    await store.lock('deploy').acquire('ann', 600);
  });

  afterEach(async () => {
    // The stores are closed already.
    await waiters().drop();
  });

  /** Wait with a change stream, which reports every removal. */
  async function listen(): Promise<Waiting> {
    const waiting = await store.lock('deploy').startWaiting!('bob');
    await until(() => waiting.longestPause === 1000);
    return waiting;
  }

  it('learns of a release by any client', async () => {
    const waiting = await listen();
    expect(await waiting.news(SHORT, never)).to.be.false;
    const news = waiting.news(LONG, never);
    await database.locks().deleteOne({ _id: `${PREFIX}deploy` });
    expect(await news).to.be.true;
  });

  it('learns of a release before it listened', async () => {
    const waiting = await store.lock('deploy').startWaiting!('bob');
    await store.lock('deploy').release('ann');
    expect(await waiting.news(LONG, never)).to.be.true;
    const late = await listen();
    await store.lock('deploy').acquire('ann', 600);
    await database.locks().deleteOne({ _id: `${PREFIX}deploy` });
    expect(await late.news(LONG, never)).to.be.true;
  });

  it('is not woken by releases of other locks or by a refresh', async () => {
    const waiting = await listen();
    const isNews = waiting.news(SHORT * 2, never);
    await store.lock('other').acquire('eve', 60);
    await store.lock('other').release('eve');
    await store.lock('deploy').refresh('ann', 900);
    expect(await isNews).to.be.false;
  });

  it('ends on the signal, and when the store is closed', async () => {
    const waiting = await listen();
    const controller = new AbortController();
    const stopped = waiting.news(LONG, controller.signal);
    controller.abort();
    expect(await stopped).to.be.false;
    const closed = waiting.news(LONG, never);
    await store.close();
    expect(await closed).to.be.false;
    expect(await waiters().countDocuments({})).to.equal(0);
  });

  it('of many in one process leaves sockets for others, and the rest poll often', async () => {
    const names = Array.from({ length: 12 }, (_, number) => `slot${number}`);
    const places = await Promise.all(names.map(async (name) => store.lock(name).startWaiting!('bob')));
    await until(() => places.filter(({ longestPause }) => longestPause === 1000).length === 4);
    expect(places.slice(4).map(({ longestPause }) => longestPause)).to.deep.equal(names.slice(4).map(() => 250));
    expect(await store.lock('slot1').acquire('ann', 60)).to.be.true;
    await Promise.all(places.map(async (place) => place.end()));
    expect(await waiters().countDocuments({})).to.equal(0);
    const next = await store.lock('slot0').startWaiting!('bob');
    await until(() => next.longestPause === 1000);
  });

  it('is visible with its attempts while it lasts', async () => {
    const first = await store.lock('deploy').startWaiting!('bob');
    await isSeen(store, 'bob');
    const second = await database.open().lock('deploy').startWaiting!('cyd');
    await isSeen(store, 'cyd');
    const [waiter] = await store.lock('deploy').waiters!();
    expect(waiter).to.include({ owner: 'bob', attempts: 1, name: `${hostname()}:${process.pid}` });
    expect(waiter!.since).to.be.instanceOf(Date);
    expect(await owners(store)).to.deep.equal(['bob', 'cyd']);
    expect(await store.lock('other').waiters!()).to.deep.equal([]);
    await first.end();
    expect(await owners(store)).to.deep.equal(['cyd']);
    await second.end();
    await second.end();
    expect(await owners(store)).to.deep.equal([]);
    expect(await waiters().countDocuments({})).to.equal(0);
  });

  it('reports its attempts with the next renewal', async () => {
    const lock = store.lock('deploy');
    await lock.startWaiting!('bob');
    await lock.acquire('bob', 60);
    await lock.acquire('cyd', 60);
    await until(async () => (await lock.waiters!())[0]?.attempts === 2);
  });

  it('of a killed process disappears, and the next waiter removes it', async () => {
    const args = ['--import', 'tsx', '--input-type=module', '--eval', WAITER, JSON.stringify(database.profile())];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    await isSeen(store, 'a process');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await owners(store)).to.deep.equal([]);
    expect(await waiters().countDocuments({})).to.equal(1);
    const waiting = await store.lock('deploy').startWaiting!('bob');
    await until(async () => (await waiters().countDocuments({ owner: 'a process' })) === 0);
    await waiting.end();
  }).timeout(60_000);

  it('of an unknown machine is visible until its lease ends', async () => {
    await store.lock('deploy').startWaiting!('bob');
    await isSeen(store, 'bob');
    await waiters().updateOne({ owner: 'bob' }, { $set: { host: 'elsewhere', pid: 1 } });
    expect(await owners(store)).to.deep.equal(['bob']);
    await waiters().updateOne({ owner: 'bob' }, { $set: { expires_at: inSeconds(-1) } });
    expect(await owners(store)).to.deep.equal([]);
  });

  it("ignores invalid fields in another client's document", async () => {
    const place = { collection: 'cache_locks', lock: `${PREFIX}deploy`, host: 'elsewhere', expires_at: inSeconds(60) };
    await waiters().insertOne({ _id: 'odd', owner: 7, since: 'yesterday', attempts: [], pid: {}, ...place });
    const [waiter] = await store.lock('deploy').waiters!();
    expect(Object.keys(waiter!)).to.deep.equal(['name']);
  });

  it('works unseen if it may not be recorded', async () => {
    await waiters().createIndex({ lock: 1 }, { unique: true });
    await waiters().insertOne({ _id: 'first', lock: `${PREFIX}deploy`, host: 'elsewhere', expires_at: inSeconds(60) });
    const waiting = await listen();
    const news = waiting.news(LONG, never);
    await database.locks().deleteOne({ _id: `${PREFIX}deploy` });
    expect(await news).to.be.true;
    await waiting.end();
    expect(await waiters().countDocuments({})).to.equal(1);
  });
});

describe('waiting for a lock on a server without change streams', () => {
  const database = withDatabase('ferretdb');
  const waiters = (): Collection<AnyDocument> => waitersOf(database);

  it('is visible, and polls often enough', async () => {
    const store = database.open();
    await store.lock('deploy').acquire('ann', 600);
    const waiting = await store.lock('deploy').startWaiting!('bob');
    await isSeen(store, 'bob');
    expect(await waiting.news(SHORT, never)).to.be.false;
    if (database.server().name === 'FerretDB') expect(waiting.longestPause).to.equal(250);
    await waiting.end();
    expect(await waiters().countDocuments({})).to.equal(0);
  });
});
