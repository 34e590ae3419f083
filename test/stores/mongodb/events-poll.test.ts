import { expect } from 'chai';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

import type { CacheEvent, EventsOptions, EventStream } from '../../../src/stores/contract/events.js';

import { string } from '../../../src/codecs/value.js';
import { UnreachableError, UnsupportedError } from '../../../src/errors.js';
import { taggedKey } from '../../../src/stores/tags/names.js';
import { failure, until } from '../../../src/testing/suite/stores.js';
import { inSeconds, PREFIX, urlOf, withDatabase } from '../../support/mongodb/database.js';

const VALUE = 's:5:"hello";';

/** Without what differs between runs: polls are at least a second apart. */
function plain({ time, ttl, ...event }: CacheEvent): object {
  expect(time).to.be.instanceOf(Date);
  return { ...event, ...(ttl !== undefined && { ttl: ttl === null ? null : Math.ceil(ttl / 100) * 100 }) };
}

/** All events up to the first for which `isLast` is true. */
async function eventsUntil(stream: EventStream, isLast: (event: CacheEvent) => boolean): Promise<CacheEvent[]> {
  const events: CacheEvent[] = [];
  for await (const event of stream) {
    events.push(event);
    if (isLast(event)) break;
  }

  return events;
}

describe('events of MongoDB by polling', () => {
  // It has no change streams.
  const database = withDatabase('ferretdb');
  let controller: AbortController;

  beforeEach(() => {
    controller = new AbortController();
  });

  afterEach(() => controller.abort());

  async function tail(options: Partial<EventsOptions> = {}, url?: string): Promise<EventStream> {
    const store = database.open(url === undefined ? {} : { url });
    return store.events({ signal: controller.signal, enable: false, source: 'poll', ...options });
  }

  async function insert(key: string, more: object = {}): Promise<void> {
    await database.entries().insertOne({ _id: `${PREFIX}${key}`, value: VALUE, expires_at: inSeconds(100), ...more });
  }

  async function lock(name: string, owner = 'ann', expires_at = inSeconds(100)): Promise<void> {
    await database.locks().replaceOne({ _id: `${PREFIX}${name}` }, { owner, expires_at }, { upsert: true });
  }

  it('report the changes of another client once', async () => {
    for (const key of ['there', 'gone', 'touched', 'rewritten', 'counted']) await insert(key, { value: 1 });
    for (const name of ['held', 'let go', 'refreshed', 'taken over']) await lock(name);
    const stream = await tail();
    expect(stream.source).to.match(/^polls cache and cache_locks once a second or less often: .*remembers/);
    await insert('new');
    await insert('forever', { value: 42, expires_at: inSeconds(315_360_000) });
    await insert('expired', { expires_at: inSeconds(-9) });
    await insert('x', { _id: 'another-prefix' });
    await database.entries().insertOne({ value: VALUE } as never);
    await database.entries().updateOne({ _id: `${PREFIX}touched` }, { $set: { expires_at: inSeconds(900) } });
    await database.entries().updateOne({ _id: `${PREFIX}rewritten` }, { $set: { value: '1' } });
    await database.entries().updateOne({ _id: `${PREFIX}counted` }, { $inc: { value: 41 } });
    await database.entries().deleteOne({ _id: `${PREFIX}gone` });
    await database.locks().deleteOne({ _id: `${PREFIX}let go` });
    await lock('refreshed', 'ann', inSeconds(900));
    await lock('taken over', 'bob');
    await lock('new');
    const gathered: CacheEvent[] = [];
    const end = new Set(['KeyForgotten', 'LockReleased']);
    for await (const event of stream) {
      gathered.push(event);
      // Each poll reports everything that changed before it.
      if (event.key === 'new' && event.type === 'LockAcquired') {
        await database.entries().deleteOne({ _id: `${PREFIX}new` });
        await database.locks().deleteOne({ _id: `${PREFIX}new` });
      }

      if (event.key === 'new' && end.delete(event.type) && end.size === 0) break;
    }

    expect(gathered.map((event) => plain(event))).to.have.deep.members([
      { type: 'KeyWritten', key: 'counted', ttl: 100, size: 2 },
      { type: 'KeyWritten', key: 'forever', ttl: null, size: 2 },
      { type: 'KeyWritten', key: 'new', ttl: 100, size: 12 },
      { type: 'KeyWritten', key: 'rewritten', ttl: 100, size: 1 },
      { type: 'KeyForgotten', key: 'gone' },
      { type: 'LockAcquired', key: 'new', ttl: 100 },
      { type: 'LockReleased', key: 'taken over' },
      { type: 'LockAcquired', key: 'taken over', ttl: 100 },
      { type: 'LockReleased', key: 'let go' },
      { type: 'KeyForgotten', key: 'new' },
      { type: 'LockReleased', key: 'new' },
    ]);
  });

  it('report expired documents that still exist', async () => {
    // Some of them exist when the first poll ends, however long it takes.
    const seconds = Array.from({ length: 20 }, (_, index) => index + 1);
    for (const each of seconds) {
      await insert(`short:${each}`, { expires_at: inSeconds(each) });
      await lock(`lock:${each}`, 'ann', inSeconds(each));
    }

    const stream = await tail();
    const awaited = new Set(['lock', 'short']);
    const events = await eventsUntil(stream, ({ key }) => awaited.delete(key!.split(':')[0]!) && awaited.size === 0);
    expect(new Set(events.map(({ type }) => type))).to.deep.equal(new Set(['KeyExpired']));
    expect(await database.entries().countDocuments({})).to.equal(seconds.length);
  });

  it('report new waiters of a lock', async () => {
    const store = database.open();
    await store.lock('deploy').acquire('ann', 600);
    const stream = await tail();
    const waiting = await store.lock('deploy').startWaiting!('bob');
    const events = await eventsUntil(stream, () => true);
    expect(events.map((event) => plain(event))).to.deep.equal([{ type: 'LockContended', key: 'deploy' }]);
    await waiting.end();
  });

  it('follow the options: wanted, matching, with tags, other prefixes', async () => {
    const asked: string[] = [];
    const stream = await tail({
      everything: true,
      tags: true,
      wants(type, key) {
        asked.push(`${type} ${key}`);
        return key !== 'unwanted';
      },
      matches: ({ key }) => key !== 'unmatched',
    });
    await insert('unwanted');
    await insert('unmatched');
    await insert('k', { _id: 'another-k', tags: ['another-tag'] });
    await database.open().tags(['people']).put('Ann', string('v'), 100);
    await lock('end');
    const events = await eventsUntil(stream, ({ type }) => type === 'LockAcquired');
    const key = taggedKey(['people'], 'Ann');
    expect(events.map((event) => plain(event))).to.have.deep.members([
      { type: 'KeyWritten', key: 'another-k', isForeign: true, ttl: 100, size: 12, tags: ['another-tag'] },
      { type: 'KeyWritten', key, ttl: 100, size: 8, tags: ['people'] },
      { type: 'LockAcquired', key: 'end', ttl: 100 },
    ]);
    expect(asked).to.include.members(['KeyWritten unwanted', 'KeyWritten unmatched']);
    expect(stream.dropped).to.equal(0);
  });

  it('continue when the server answers again, and report the gap', async () => {
    const way = await wayTo(database.server().port);
    try {
      const missed: string[] = [];
      const url = urlOf(`mongodb://127.0.0.1:${way.port}`, 'directConnection=true');
      const stream = await tail({ onMissed: ({ text }) => missed.push(text) }, url);
      way.close();
      await until(() => way.turnedAway() > 0);
      await insert('meanwhile');
      way.open();
      const events = await eventsUntil(stream, () => true);
      expect(events.map(({ type, key }) => `${type} ${key}`)).to.deep.equal(['KeyWritten meanwhile']);
      // The driver itself may have recovered.
      for (const text of missed)
        expect(text).to.match(/; short-lived entries of cache from \S+Z to \S+Z may have been missed$/);
    } finally {
      await way.end();
    }
  });

  it('end with the error without a callback for gaps', async () => {
    const way = await wayTo(database.server().port);
    try {
      const url = urlOf(`mongodb://127.0.0.1:${way.port}`, 'directConnection=true');
      const stream = await tail({}, url);
      way.close();
      expect(await failure(eventsUntil(stream, () => false))).to.be.instanceOf(UnreachableError);
    } finally {
      await way.end();
    }
  });

  it('end on the signal', async () => {
    const stream = await tail();
    const events = eventsUntil(stream, () => false);
    controller.abort();
    expect(await events).to.deep.equal([]);
  });

  it('are named as an alternative if a server has no change streams', async () => {
    if (database.server().name !== 'FerretDB') return;
    const error = await failure(tail({ source: 'stream' }));
    expect(error).to.be.instanceOf(UnsupportedError);
    expect((error as UnsupportedError).message).to.include('has no change streams');
    expect((error as UnsupportedError).hint).to.include('--source poll');
  });
});

/** A connection to a server that can be closed and opened. */
async function wayTo(target: number) {
  const sockets = new Set<Socket>();
  let isClosed = false;
  let turnedAway = 0;
  const server = createServer((client) => {
    if (isClosed) {
      turnedAway++;
      client.destroy();
      return;
    }

    const onward = connect(target, '127.0.0.1');
    for (const socket of [client, onward]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
    }

    client.on('close', () => onward.destroy());
    client.pipe(onward).pipe(client);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };

  return {
    port: (server.address() as AddressInfo).port,
    turnedAway: () => turnedAway,
    close() {
      isClosed = true;
      cut();
    },
    open() {
      isClosed = false;
    },
    async end() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
