import { expect } from 'chai';

import type { CacheEvent, EventsOptions, EventStream } from '../../../src/stores/contract/events.js';
import type { Store } from '../../../src/stores/contract/store.js';

import { string } from '../../../src/codecs/value.js';
import { UsageError } from '../../../src/errors.js';
import { textOf } from '../../../src/testing/suite/stores.js';
import { MemcachedStores } from '../../support/memcached-stores.js';

describe('a scripted session on Memcached', () => {
  const controllers: AbortController[] = [];

  afterEach(() => {
    for (const controller of controllers.splice(0)) controller.abort();
  });

  const memcached = new MemcachedStores(2);
  const { servers } = memcached;
  const open = (among = servers.slice(0, 1)): Store => memcached.open('p:', among);

  async function tail(store: Store, options: Partial<EventsOptions> = {}): Promise<EventStream> {
    const controller = new AbortController();
    controllers.push(controller);
    return store.events({ signal: controller.signal, enable: false, source: 'watch', ...options });
  }

  it('is reported exactly: each event once, in order, with its client', async () => {
    const [ann, bob] = [await memcached.client(), await memcached.client()];
    const stream = await tail(open());
    const tellsDeletions = stream.types.includes('KeyForgotten');
    const job = 'laravel_unique_job:import';
    await ann.say('get p:user');
    await ann.say('set p:user 0 60 3\r\nabc');
    await bob.say('get p:user p:none q:user p:user');
    await bob.say('add p:user 0 60 1\r\nx');
    await bob.say('add p:new 0 0 1\r\nx');
    await bob.say('replace p:new 0 600 1\r\ny');
    await ann.say('append p:new 0 0 2\r\nzz');
    await ann.say('cas p:new 0 0 1 123456789\r\nx');
    await ann.say('set p:žluť%25 0 -1 1\r\nx');
    await bob.say('set p:count 0 0 1\r\n1');
    await bob.say('incr p:count 1');
    await bob.say('touch p:count 900');
    await ann.say('set q:user 0 0 1\r\nx');
    await ann.say('set p:tag:people:key 0 0 1\r\nx');
    await bob.say('delete p:user');
    await bob.say('delete p:user');
    await ann.say(`add p:${job} 0 60 3\r\nann`);
    await bob.say(`add p:${job} 0 60 3\r\nbob`);
    const [, cas] = /c(\d+)/.exec(await ann.say(`mg p:${job} c`))!;
    await ann.say(`ms p:${job} 3 T600 C${cas}\r\nann`);
    await ann.say(`delete p:${job}`);
    await bob.say(`add p:${job} 0 0 3\r\nbob`);
    await bob.say('add p:lock 0 60 16\r\naBcDeFgHiJkLmNoP');
    await ann.say('add p:lock 0 60 16\r\naBcDeFgHiJkLmNoP');
    await ann.end();
    // The server reuses the numbers of connections.
    const guests = ['carl', 'dora', 'emil'];
    const named = new Map([
      [ann.address, 'ann'],
      [bob.address, 'bob'],
    ]);
    for (const guest of guests) {
      const one = await memcached.client();
      named.set(one.address, guest);
      await one.say('get p:count');
      await one.end();
    }

    await bob.say('get p:end');
    const told = await upTo(stream);
    const briefs = told.map((event) => brief(event, named));
    expect(briefs).to.deep.equal([
      'CacheMissed user by ann',
      'KeyWritten user by ann ttl 60 size 3',
      'CacheHit user by bob size 3',
      'CacheMissed none by bob',
      'CacheHit user by bob size 3',
      'KeyWritten new by bob ttl null size 1',
      'KeyWritten new by bob ttl 600 size 1',
      'KeyWritten new by ann ttl 600 size 3',
      'KeyWritten žluť%25 by ann size 1',
      'KeyWritten count by bob ttl null size 1',
      'CacheHit count by bob size 1',
      'CacheHit count by bob size 1',
      tellsDeletions ? 'KeyForgotten user' : 'CacheHit user by bob size 3',
      'CacheMissed user by bob',
      `LockAcquired ${job} by ann ttl 60`,
      `LockContended ${job} by bob`,
      `CacheHit ${job} by ann size 3`,
      tellsDeletions ? `LockReleased ${job}` : `CacheHit ${job} by ann size 3`,
      `LockAcquired ${job} by bob ttl null`,
      'KeyWritten lock by bob ttl 60 size 16',
      ...guests.map((guest) => `CacheHit count by ${guest} size 1`),
    ]);
    expect(stream.dropped).to.equal(0);
  });

  it('is reported on each server of a pool', async () => {
    const stream = await tail(open(servers));
    const clients = [await memcached.client(servers[0]), await memcached.client(servers[1])];
    for (const [index, each] of clients.entries()) {
      await each.say(`set p:k${index} 0 0 1\r\nx`);
      await each.say(`get p:k${index}`);
      await each.say(`get p:end${index}`);
    }

    const told: CacheEvent[] = [];
    const ends = new Set(['end0', 'end1']);
    for await (const event of stream) {
      if (!ends.delete(event.key!)) told.push(event);
      if (ends.size === 0) break;
    }

    for (const [index, { address }] of clients.entries()) {
      const here = told.filter(({ key }) => key === `k${index}`);
      expect(here.map((event) => brief(event, new Map([[address, 'us']])))).to.deep.equal([
        `KeyWritten k${index} by us ttl null size 1`,
        `CacheHit k${index} by us size 1`,
      ]);
    }

    expect(told).to.have.lengthOf(4);
  });

  it('can be read without events on each server of a pool, repeatedly', async () => {
    const store = open(servers);
    const keys = Array.from({ length: 8 }, (_, index) => `k${index}`);
    for (const key of keys) await store.put(key, string(key), 60);
    const stream = await tail(store, { everything: true });
    for (let time = 0; time < 2; time++) {
      const readings = await stream.peek!([...keys, 'missing', 'with a space', 'x'.repeat(251)]);
      expect(readings.slice(0, 8).map((reading) => textOf(reading as never))).to.deep.equal(keys);
      expect(readings[8]).to.equal(undefined);
      expect(readings[9]).to.equal(undefined);
      expect(readings[10]).to.be.instanceOf(UsageError);
    }

    const told: string[] = [];
    for (const server of servers) {
      const each = await memcached.client(server);
      await each.say(`get p:end-${server.port}`);
    }

    const ends = new Set(servers.map(({ port }) => `end-${port}`));
    for await (const { type, key } of stream) {
      if (!ends.delete(key!)) told.push(`${type} ${key}`);
      if (ends.size === 0) break;
    }

    expect(told).to.deep.equal([]);
  });

  it('is filtered by kind, key and client', async () => {
    const [ann, bob] = [await memcached.client(), await memcached.client()];
    const asked: string[] = [];
    const stream = await tail(open(), {
      wants(type, key) {
        asked.push(`${type} ${key}`);
        return type !== 'KeyWritten';
      },
      matches: ({ client: by }) => by?.address === bob.address,
    });
    for (const who of [ann, bob]) {
      await who.say('set p:k 0 0 1\r\nx');
      await who.say('get p:k');
    }

    await bob.say('get p:end');
    expect((await upTo(stream)).map((event) => brief(event, new Map([[bob.address, 'bob']])))).to.deep.equal([
      'CacheHit k by bob size 1',
    ]);
    expect(asked).to.include.members(['KeyWritten k', 'CacheHit k']);
    expect(stream.dropped).to.equal(0);
  });
});

/** Up to the key that marks the end. */
async function upTo(stream: EventStream): Promise<CacheEvent[]> {
  const events: CacheEvent[] = [];
  for await (const event of stream) {
    if (event.key === 'end') break;
    events.push(event);
  }

  return events;
}

/** The clock may tick between a command and its event. */
function brief({ type, key, client, ttl, size }: CacheEvent, named: ReadonlyMap<string, string>): string {
  // Newer servers differ in what they report of deletions.
  if (type === 'KeyForgotten' || type === 'LockReleased') return `${type} ${key}`;
  const by = client && `by ${named.get(client.address!) ?? client.address}`;
  const left = ttl === undefined ? undefined : `ttl ${ttl && Math.ceil(ttl / 10) * 10}`;
  return [type, key, by, left, size !== undefined && `size ${size}`].filter(Boolean).join(' ');
}
