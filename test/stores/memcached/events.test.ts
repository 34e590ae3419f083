import { expect } from 'chai';

import type { CacheEvent, EventStream } from '../../../src/stores/contract/events.js';
import type { NewEntry, Store } from '../../../src/stores/contract/store.js';

import { openCodec } from '../../../src/codecs/open.js';
import { integer, string } from '../../../src/codecs/value.js';
import { RefusedError } from '../../../src/errors.js';
import { openMemcached } from '../../../src/stores/memcached/store.js';
import { failure } from '../../../src/testing/suite/stores.js';
import { memcachedProfile, type MemcachedServer, startMemcached } from '../../support/memcached-server.js';

describe('a tail on Memcached', () => {
  let server: MemcachedServer;
  const stores: Store[] = [];
  const ends: AbortController[] = [];

  function open(prefix = 'p:', { port } = server): Store {
    const store = openMemcached(memcachedProfile([port], prefix), openCodec('php'), { timeoutMs: 10_000 });
    stores.push(store);
    return store;
  }

  async function tail(store: Store): Promise<EventStream> {
    const end = new AbortController();
    ends.push(end);
    return store.events({ signal: end.signal, enable: false });
  }

  before(async function () {
    server = await startMemcached(this, '-m', '64');
  });

  afterEach(async () => {
    for (const end of ends.splice(0)) end.abort();
    await Promise.all(stores.splice(0).map((store) => store.close()));
    await server.flush();
  });

  after(async () => server?.stop());

  it('reports every client, with TTL and size', async () => {
    const stream = await tail(open());
    await server.say('set p:k 0 60 3\r\nabc');
    await server.say('set p:forever 0 0 3\r\nabc');
    await server.say('get p:k', /END\r\n$/);
    const events = await until(stream, 'CacheHit k');
    expect(events.map(({ type, key, ttl, size }) => ({ type, key, ttl, size }))).to.deep.equal([
      { type: 'KeyWritten', key: 'k', ttl: 60, size: 3 },
      { type: 'KeyWritten', key: 'forever', ttl: null, size: 3 },
      { type: 'CacheHit', key: 'k', ttl: undefined, size: 3 },
    ]);
  });

  it('reports no refused write: an add of an existing key', async () => {
    const stream = await tail(open());
    await server.say('add p:k 0 60 1\r\na');
    await server.say('add p:k 0 60 1\r\nb');
    await server.say('get p:end');
    expect(names(await until(stream, 'CacheMissed end'))).to.deep.equal(['KeyWritten k', 'CacheMissed end']);
  });

  it('leaves out the ids of tags', async () => {
    const store = open();
    const stream = await tail(store);
    await store.tags(['people']).put('Ann', string('v'), 60);
    await server.say('get p:end');
    const told = names(await until(stream, 'CacheMissed end'));
    expect(told.map((name) => name.replace(/[\da-f]{40}/, 'HASH'))).to.deep.equal([
      'KeyWritten HASH:Ann',
      'CacheMissed end',
    ]);
  });

  it('reports evictions for lack of memory', async function () {
    const small = await startMemcached(this, '-m', '2');
    try {
      const store = open('p:', small);
      const stream = await tail(store);
      const filling = new AbortController();
      const filled = fill(store, filling.signal);
      for await (const event of stream) {
        if (event.type !== 'KeyEvicted') continue;
        expect(event.key).to.match(/^n:\d+$/);
        break;
      }

      filling.abort();
      await filled;
    } finally {
      await small.stop();
    }
  });

  it('says which types it knows', async () => {
    const { source, types } = await tail(open());
    expect(types).to.include.members(['CacheHit', 'CacheMissed', 'KeyWritten', 'KeyEvicted']);
    const tellsDeletions = types.includes('KeyForgotten');
    expect(source).to.include(tellsDeletions ? 'deletions and evictions' : 'from Memcached 1.6.20');
    const [, patch] = /VERSION 1\.6\.(\d+)/.exec(await server.say('version'))!;
    expect(tellsDeletions).to.equal(Number(patch) >= 20);
  });

  it('is refused by a server without watch', async function () {
    const strict = await startMemcached(this, '-W');
    try {
      const error = await failure(tail(open('p:', strict)));
      expect(error).to.be.instanceOf(RefusedError);
      expect((error as Error).message).to.include('does not allow watching');
    } finally {
      await strict.stop();
    }
  });

  it('reports an increment only as the lookup that it makes', async () => {
    const store = open();
    await store.put('hits', integer(5), null);
    const stream = await tail(store);
    await server.say('incr p:hits 1');
    const events = await until(stream, 'CacheHit hits');
    expect(names(events).at(-1)).to.equal('CacheHit hits');
    expect(stream.source).to.match(/increments.* appear as lookups/);
  });
});

function names(events: readonly CacheEvent[]): string[] {
  return events.map(({ type, key }) => `${type} ${key}`);
}

async function until(stream: EventStream, last: string): Promise<CacheEvent[]> {
  const events: CacheEvent[] = [];
  for await (const event of stream) {
    events.push(event);
    if (`${event.type} ${event.key}` === last) break;
  }

  return events;
}

/** Put entries until the signal. */
async function fill(store: Store, signal: AbortSignal): Promise<void> {
  function* endless(): Generator<NewEntry> {
    for (let number = 0; !signal.aborted; number++) {
      yield { key: `n:${number}`, value: string(`${number}`.repeat(200).slice(0, 500)), ttl: null };
    }
  }

  await store.putMany(endless());
}
