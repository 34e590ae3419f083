import type { Context } from 'mocha';
import type { ChildProcess } from 'node:child_process';

import { expect } from 'chai';
import { once } from 'node:events';
import { connect } from 'node:net';

import type { CacheEvent, EventsOptions, Missed } from '../../../src/stores/contract/events.js';
import type { Store } from '../../../src/stores/contract/store.js';

import { openCodec } from '../../../src/codecs/open.js';
import { string } from '../../../src/codecs/value.js';
import { PartialError, RefusedError, UnreachableError } from '../../../src/errors.js';
import { openMemcached } from '../../../src/stores/memcached/store.js';
import { all, failure, until } from '../../../src/testing/suite/stores.js';
import {
  ended,
  until as isUp,
  memcachedProfile,
  type MemcachedServer,
  spawnMemcached,
  startMemcached,
} from '../../support/memcached-server.js';

describe('gaps of a tail on Memcached', () => {
  const servers: MemcachedServer[] = [];
  const stores: Store[] = [];
  const controllers: AbortController[] = [];
  const children: ChildProcess[] = [];

  afterEach(async () => {
    for (const controller of controllers.splice(0)) controller.abort();
    await Promise.all(stores.splice(0).map((store) => store.close()));
    await Promise.all(servers.splice(0).map((server) => server.stop()));
    await Promise.all(children.splice(0).map((child) => ended(child, 'SIGTERM')));
  });

  async function start(context: Context): Promise<MemcachedServer> {
    // With an option, so that each is a server of its own.
    const server = await startMemcached(context, '-m', '64');
    servers.push(server);
    return server;
  }

  function open(...among: readonly MemcachedServer[]): Store {
    return openWithin(10_000, ...among);
  }

  function openWithin(timeoutMs: number, ...among: readonly MemcachedServer[]): Store {
    const ports = among.map(({ port }) => port);
    const store = openMemcached(memcachedProfile(ports, 'p:'), openCodec('php'), { timeoutMs });
    stores.push(store);
    return store;
  }

  async function tail(store: Store, options: Partial<EventsOptions> = {}) {
    const controller = new AbortController();
    controllers.push(controller);
    return { stream: await store.events({ signal: controller.signal, enable: false, ...options }), controller };
  }

  /** A new server on the same port. */
  async function startAgain(context: Context, { port, address }: MemcachedServer, ...options: string[]) {
    const { child } = await spawnMemcached(context, ['-p', String(port), ...options]);
    children.push(child);
    await isUp(address);
  }

  async function connections(server: MemcachedServer): Promise<string[]> {
    const stats = await server.say('stats conns', /END\r\n$/);
    // A listening socket has no peer address.
    return stats.split('\r\n').filter((line) => line.includes(':listen_addr '));
  }

  async function watchers(server: MemcachedServer): Promise<number> {
    const [, number] = /log_watchers (\d+)/.exec(await server.say('stats', /END\r\n$/))!;
    return Number(number);
  }

  it('are counted: nearly every event is reported, skipped by the server, or dropped', async function () {
    const server = await start(this);
    const missed: Missed[] = [];
    const { stream, controller } = await tail(open(server), { onMissed: (each) => missed.push(each) });
    let done = 0;
    // Nobody reads.
    while (missed.length === 0 || stream.dropped === 0) done += await burst(server.port);
    let told = 0;
    const over = (async () => {
      for await (const { key } of stream) if (key === 'k') told++;
    })();
    const accounted = (): number => told + stream.dropped! + missed.reduce((sum, { events }) => sum + events!, 0);
    await until(async () => {
      // The server reports what did not fit into its buffer before the next line.
      await server.say('get p:other');
      return accounted() > 0.99 * done;
    });
    controller.abort();
    await over;
    // The server's counts are not exact under load: it can lose the event after a `skipped=` line without counting it,
    // and 1.6.18 logs up to 1.3 % more lookups than were requested (both measured with a plain socket). Its two kinds of
    // losses are each far more than that.
    expect(accounted()).to.be.within(0.99 * done, 1.05 * done);
    for (const { text } of missed)
      expect(text).to.match(/^memcached \S+ dropped \d+ events: its log buffers were full$/);
  });

  it('end the tail without a callback for gaps', async function () {
    const server = await start(this);
    const { stream } = await tail(open(server));
    const over = failure(all(stream));
    const state = { isOver: false };
    const watching = over.then(() => {
      state.isOver = true;
    });
    while (!state.isOver) await burst(server.port);
    await watching;
    const error = await over;
    expect(error).to.be.instanceOf(PartialError);
    expect((error as Error).message).to.include('dropped');
    await until(async () => (await watchers(server)) === 0);
  });

  it('of a lost server end the tail without a callback, on the other servers too', async function () {
    const [mortal, other] = [await start(this), await start(this)];
    const { stream } = await tail(open(mortal, other));
    const over = failure(all(stream));
    await mortal.kill();
    expect(await over).to.be.instanceOf(UnreachableError);
    await until(async () => (await watchers(other)) === 0);
  });

  it('of a lost server are reported when it is back, while the others continue', async function () {
    const [mortal, other] = [await start(this), await start(this)];
    const lost: Error[] = [];
    const missed: Missed[] = [];
    const { stream } = await tail(open(mortal, other), {
      onLost: (why) => lost.push(why),
      onMissed: (each) => missed.push(each),
    });
    const events = stream[Symbol.asyncIterator]();
    await mortal.say('get p:before');
    expect(named(await events.next())).to.equal('CacheMissed before');
    await mortal.kill();
    await until(() => lost.length === 1);
    expect(lost[0]).to.be.instanceOf(UnreachableError);
    expect((lost[0] as Error).message).to.include(mortal.address);
    await other.say('get p:meanwhile');
    expect(named(await events.next())).to.equal('CacheMissed meanwhile');
    const keys = Array.from({ length: 8 }, (_, index) => `k${index}`);
    const unread = await stream.peek!(keys);
    expect(unread.filter((reading) => reading instanceof UnreachableError).length).to.be.within(1, 7);
    expect(missed).to.deep.equal([]);
    await startAgain(this, mortal);
    await until(() => missed.length === 1);
    expect(missed[0]).to.have.keys('text');
    const [, from, to] = /; events from (\S+) to (\S+) may have been missed$/.exec(missed[0]!.text)!;
    expect(new Date(from!).getTime()).to.be.at.most(new Date(to!).getTime());
    expect(new Set(await stream.peek!(keys))).to.deep.equal(new Set([undefined]));
    await mortal.say('get p:after');
    expect(named(await events.next())).to.equal('CacheMissed after');
    expect(lost).to.have.lengthOf(1);
  });

  it('that last until the end are reported too', async function () {
    const mortal = await start(this);
    const missed: Missed[] = [];
    let isLost = false;
    const { stream, controller } = await tail(open(mortal), {
      onLost() {
        isLost = true;
      },
      onMissed: (each) => missed.push(each),
    });
    const events = all(stream);
    await mortal.kill();
    await until(() => isLost);
    controller.abort();
    expect(await events).to.deep.equal([]);
    expect(missed.map(({ text }) => text.includes('may have been missed'))).to.deep.equal([true]);
  });

  it('begin when the server fell silent, not when that was noticed', async function () {
    const mortal = await start(this);
    const missed: Missed[] = [];
    let isLost = false;
    const { stream, controller } = await tail(openWithin(2000, mortal), {
      onLost() {
        isLost = true;
      },
      onMissed: (each) => missed.push(each),
    });
    const events = all(stream);
    const silentAt = Date.now();
    await mortal.pause();
    await until(() => isLost);
    controller.abort();
    expect(await events).to.deep.equal([]);
    const [, from] = /; events from (\S+) to \S+ may have been missed$/.exec(missed[0]!.text)!;
    expect(new Date(from!).getTime()).to.be.at.most(silentAt);
  });

  it('end the tail if the server comes back without watch', async function () {
    const mortal = await start(this);
    const { stream } = await tail(open(mortal), { onMissed() {} });
    const over = failure(all(stream));
    await mortal.kill();
    await startAgain(this, mortal, '-W');
    expect(await over).to.be.instanceOf(RefusedError);
  });

  it('leave nothing in the servers in any case', async function () {
    const server = await start(this);
    const store = open(server);
    await store.put('k', string('v'), 60);
    const { stream: stopped, controller } = await tail(store, { onMissed() {} });
    await stopped.peek!(['k']);
    expect(await watchers(server)).to.equal(1);
    controller.abort();
    expect(await all(stopped)).to.deep.equal([]);
    await until(async () => (await watchers(server)) === 0);
    const { stream: broken } = await tail(store);
    await broken.peek!(['k']);
    await server.say('get p:k');
    const events = broken[Symbol.asyncIterator]();
    expect(named(await events.next())).to.equal('CacheHit k');
    // Like `break`.
    await events.return!();

    await until(async () => (await watchers(server)) === 0);
    // This connection, and the store's.
    await until(async () => (await connections(server)).length === 2);
    const strict = await startMemcached(this, '-W');
    servers.push(strict);
    expect(await failure(tail(open(server, strict)))).to.be.instanceOf(RefusedError);
    await until(async () => (await watchers(server)) === 0);
  });
});

function named({ value }: IteratorResult<CacheEvent>): string {
  const { type, key } = value as CacheEvent;
  return `${type} ${key}`;
}

/** Lookups of one burst. */
const BURST = 100_000;

/**
 * Send requests as fast as one connection can, which is too fast for the server's logger. Resolves when all are
 * answered.
 */
async function burst(port: number): Promise<number> {
  const socket = connect({ host: '127.0.0.1', port });
  await once(socket, 'connect');
  let bytes = 0;
  socket.write('mg p:k\r\n'.repeat(BURST));
  for await (const chunk of socket) {
    bytes += (chunk as Buffer).length;
    if (bytes === 'EN\r\n'.length * BURST) break;
  }

  return BURST;
}
