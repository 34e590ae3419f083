import { expect } from 'chai';
import { setImmediate as nextTurn } from 'node:timers/promises';

import type { RedisProfile } from '../../../../src/profiles/profile.js';
import type { EventStream } from '../../../../src/stores/contract/events.js';
import type { Store } from '../../../../src/stores/contract/store.js';
import type { RedisServer } from '../../../support/redis-server.js';

import { openCodec } from '../../../../src/codecs/open.js';
import { string } from '../../../../src/codecs/value.js';
import { RefusedError, UnreachableError } from '../../../../src/errors.js';
import { BOOKKEEPING_KEY } from '../../../../src/stores/redis/keys.js';
import { openRedis } from '../../../../src/stores/redis/store.js';
import { all, failure } from '../../../../src/testing/suite/stores.js';
import { Worker } from '../../../../src/testing/worker-process.js';
import { startRedis } from '../../../support/redis-server.js';

describe('events on Redis', () => {
  let server: RedisServer;
  const stores: Store[] = [];

  before(async function () {
    // A server of its own: its users and settings are changed.
    server = await startRedis(this, '--databases', '4');
  });

  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
    await server.client.config('SET', 'notify-keyspace-events', '');
    await server.flush();
  });

  after(async () => server?.stop());

  function profile(user?: string): RedisProfile {
    const place = { kind: 'server', nodes: [{ host: '127.0.0.1', port: server.port }], database: 0 } as const;
    const connection = user === undefined ? place : { ...place, username: user, password: 'pw' };
    const common = { driver: 'redis', name: 'test', codec: 'php', protected: false } as const;
    return { ...common, connectionPrefix: '', prefix: 'app-cache-', connection };
  }

  async function open(user?: string): Promise<Store> {
    const store = await openRedis(profile(user), openCodec('php'), { timeoutMs: 5000 });
    stores.push(store);
    return store;
  }

  /** A store whose user may do everything but `denied`. */
  async function without(...denied: string[]): Promise<Store> {
    await server.client.call('ACL', ['SETUSER', 'limited', 'reset', 'on', '>pw', '~*', '&*', '+@all', ...denied]);
    return open('limited');
  }

  async function tail(store: Store, enable = true): Promise<{ stream: EventStream; stop(): Promise<void> }> {
    const controller = new AbortController();
    const stream = await store.events({ signal: controller.signal, enable });
    return {
      stream,
      async stop() {
        controller.abort();
        await all(stream);
      },
    };
  }

  async function setting(): Promise<string> {
    const [, flags] = (await server.client.config('GET', 'notify-keyspace-events')) as [string, string];
    return flags;
  }

  it('restore the setting if a transaction is forbidden', async () => {
    const store = await without('-multi');
    expect(await failure(store.events({ signal: new AbortController().signal, enable: true }))).to.be.instanceOf(
      RefusedError,
    );
    expect(await setting()).to.equal('');
    expect(await server.client.exists(BOOKKEEPING_KEY)).to.equal(0);
  });

  it('are enabled while any of several tails is open, whichever ends first', async () => {
    const first = await tail(await open());
    const second = await tail(await open());
    const on = await setting();
    await first.stop();
    expect(await setting()).to.equal(on);
    await (await open()).put('late', string('v'), null);
    const { value } = await second.stream[Symbol.asyncIterator]().next();
    expect(value).to.include({ type: 'KeyWritten', key: 'late' });
    await second.stop();
    expect(await setting()).to.equal('');
    expect(await server.client.exists(BOOKKEEPING_KEY)).to.equal(0);
  });

  it('report one miss for each lookup of a missing key', async () => {
    const store = await open();
    await store.put('there', string('v'), 60);
    const { stream, stop } = await tail(await open());
    const [missed, entry] = await store.many(['first', 'there']);
    expect(missed).to.equal(undefined);
    expect(entry).to.include({ ttl: 60 });
    await store.many(['second'], { withTtl: false });
    await store.put('last', string('v'), null);
    const seen: string[] = [];
    for await (const { type, key } of stream) {
      seen.push(`${type} ${key}`);
      if (key === 'last') break;
    }

    expect(seen).to.deep.equal(['CacheMissed first', 'CacheMissed second', 'KeyWritten last']);
    await stop();
  });

  it('that another tail disables end a tail without --enable, with an error', async () => {
    const first = await tail(await open());
    const second = await tail(await open(), false);
    await first.stop();
    const error = await failure(all(second.stream));
    expect(error).to.be.instanceOf(RefusedError);
    expect((error as Error).message).to.contain('notify-keyspace-events was set to ""');
  });

  it('are restored though their bookkeeping was flushed meanwhile', async () => {
    await server.client.config('SET', 'notify-keyspace-events', 'KEA');
    const { stop } = await tail(await open());
    expect(await setting()).to.equal('AKEm');
    await server.client.flushall();
    await stop();
    expect(await setting()).to.equal('AKE');
  });

  it('are restored though the server closed idle connections', async () => {
    const { stream } = await tail(await open());
    await server.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    expect(await failure(all(stream))).to.be.instanceOf(UnreachableError);
    expect(await setting()).to.equal('');
    expect(await server.client.exists(BOOKKEEPING_KEY)).to.equal(0);
  });

  it('hide their bookkeeping if the prefix is empty', async () => {
    const { stop } = await tail(await open());
    const everything = await openRedis({ ...profile(), prefix: '' }, openCodec('php'), { timeoutMs: 5000 });
    stores.push(everything);
    await everything.put('k', string('v'), null);
    expect(await server.client.exists(BOOKKEEPING_KEY)).to.equal(1);
    expect(await all(everything.keys())).to.deep.equal(['k']);
    await stop();
  });

  it('that may be off are reported if the setting is unreadable', async () => {
    const { stream, stop } = await tail(await without('-config'), false);
    expect(stream.warning).to.contain('cannot check whether keyspace notifications are on');
    await stop();
  });

  it('are restored by the next tail after a kill', async () => {
    const worker = new Worker(profile());
    await worker.ready();
    await worker.does({ job: 'tail' });
    expect(await setting()).to.not.equal('');
    await worker.kill();
    // Notifications are off when the tail, which changed nothing itself, checks them.
    expect(await failure(tail(await open(), false))).to.be.instanceOf(RefusedError);
    expect(await setting()).to.equal('');
    expect(await server.client.exists(BOOKKEEPING_KEY)).to.equal(0);
  });

  it('keep a setting that someone else changed meanwhile', async () => {
    const { stop } = await tail(await open());
    await server.client.config('SET', 'notify-keyspace-events', 'KEA');
    await stop();
    expect(await setting()).to.equal('AKE');
    expect(await server.client.exists(BOOKKEEPING_KEY)).to.equal(0);
  });

  it('end at once if aborted while starting', async () => {
    for (const turns of [0, 1, 2, 5, 10]) {
      const controller = new AbortController();
      const opening = (await open()).events({ signal: controller.signal, enable: true });
      const ended = endOf(opening);
      for (let turn = 0; turn < turns; turn++) await nextTurn();
      controller.abort();
      expect(await ended, `after ${turns} turns`).to.be.oneOf([undefined, controller.signal.reason]);
      expect(await setting()).to.equal('');
    }
  });

  for (const right of ['config|set', 'client', 'info', 'watch', 'hset', 'subscribe']) {
    it(`are refused without a change if --enable lacks the right to ${right}`, async () => {
      const error = await failure(tail(await without(`-${right}`)));
      expect(error).to.be.instanceOf(RefusedError);
      expect((error as Error).message).to.contain('permission');
      expect(await setting()).to.equal('');
      expect(await server.client.exists(BOOKKEEPING_KEY)).to.equal(0);
    });
  }

  it('need only the right to subscribe if they are enabled', async () => {
    await server.client.config('SET', 'notify-keyspace-events', 'KEA');
    const { stream, stop } = await tail(await without('-@all', '+subscribe'), false);
    await (await open()).put('k', string('v'), null);
    const { value } = await stream[Symbol.asyncIterator]().next();
    expect(value).to.include({ type: 'KeyWritten', key: 'k' });
    await stop();
  });

  it('report a setting that cannot be restored', async () => {
    const { stop } = await tail(await without());
    await server.client.call('ACL', 'SETUSER', 'limited', '-hgetall');
    expect(await failure(stop())).to.be.instanceOf(RefusedError);
  });
});

/** The error with which it ended, or undefined. */
async function endOf(opening: Promise<EventStream>): Promise<unknown> {
  try {
    const { done } = await (await opening)[Symbol.asyncIterator]().next();
    return done ? undefined : new Error('an event was heard');
  } catch (error) {
    return error;
  }
}
