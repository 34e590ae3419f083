import { expect } from 'chai';
import { Redis } from 'ioredis';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

import type { RedisProfile } from '../../../../src/profiles/profile.js';
import type { CacheEvent, EventsOptions, EventStream } from '../../../../src/stores/contract/events.js';
import type { Store } from '../../../../src/stores/contract/store.js';

import { openCodec } from '../../../../src/codecs/open.js';
import { string } from '../../../../src/codecs/value.js';
import { RefusedError } from '../../../../src/errors.js';
import { BOOKKEEPING_KEY } from '../../../../src/stores/redis/keys.js';
import { openRedis } from '../../../../src/stores/redis/store.js';
import { failure, textOf, until } from '../../../../src/testing/suite/stores.js';
import { type RedisCluster, startRedisCluster } from '../../../support/redis-cluster.js';
import { freePort, type RedisServer, startRedis } from '../../../support/redis-server.js';

/** Laravel's scripts: `add`, and a release by the owner only. */
const ADD = `return redis.call('exists',KEYS[1])<1 and redis.call('setex',KEYS[1],ARGV[2],ARGV[1])`;
const RELEASE = `if redis.call("get",KEYS[1]) == ARGV[1] then return redis.call("del",KEYS[1]) else return 0 end`;

/** An owner as Laravel generates it. */
const OWNER = 'aBcDeFgHiJkLmNoP';

/** Up to the key that marks the end. */
async function upTo(stream: EventStream, key = 'end'): Promise<CacheEvent[]> {
  const events: CacheEvent[] = [];
  for await (const event of stream) {
    if (event.key === key) break;
    events.push(event);
  }

  return events;
}

/** A connection to a server that can go silent like a network: nothing is closed. */
async function silenceable(port: number) {
  let isSilent = false;
  const sockets: Socket[] = [];
  const proxy = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    sockets.push(client, upstream);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on('data', (chunk: Buffer) => isSilent || to.write(chunk));
      from.on('error', () => {
        // The other end closed the connection.
      });
    }
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    port: (proxy.address() as AddressInfo).port,
    silence() {
      isSilent = true;
    },
    close() {
      proxy.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/**
 * A connection to a server that delays the middle of a line for longer than the assumed pause between messages.
 */
async function holdingUp(port: number, line: string) {
  let held = 0;
  const proxy = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    client.pipe(upstream);
    for (const end of [client, upstream]) {
      end.on('error', () => {
        // The other end closed the connection.
      });
      end.on('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }

    upstream.on('data', (chunk: Buffer) => {
      const at = chunk.indexOf(line);
      if (at === -1) {
        client.write(chunk);
        return;
      }

      held++;
      upstream.pause();
      client.write(chunk.subarray(0, at));
      setTimeout(() => {
        client.write(chunk.subarray(at));
        upstream.resume();
      }, HELD_UP_MS);
    });
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return { port: (proxy.address() as AddressInfo).port, held: () => held, close: () => proxy.close() };
}

const HELD_UP_MS = 200;

function brief({ type, key, client, ttl, size }: CacheEvent): string {
  const more = [ttl === undefined ? [] : `ttl ${ttl}`, size === undefined ? [] : `size ${size}`].flat();
  return [type, key, client?.name && `by ${client.name}`, ...more].filter(Boolean).join(' ');
}

describe('MONITOR as a source of events', () => {
  let server: RedisServer;
  const stores: Store[] = [];
  const clients: Redis[] = [];
  const controllers: AbortController[] = [];

  before(async function () {
    // A server of its own: its users and settings are changed.
    server = await startRedis(this, '--databases', '4');
  });

  afterEach(async () => {
    for (const controller of controllers.splice(0)) controller.abort();
    for (const client of clients.splice(0)) client.disconnect();
    await Promise.all(stores.splice(0).map((store) => store.close()));
    await server.client.config('SET', 'notify-keyspace-events', '');
    await server.flush();
  });

  after(async () => server?.stop());

  async function open(
    connection: Partial<RedisProfile['connection']> = {},
    more: Partial<RedisProfile> = {},
    timeoutMs = 5000,
  ) {
    const place = { kind: 'server', nodes: [{ host: '127.0.0.1', port: server.port }], database: 0 } as const;
    const common = { driver: 'redis', name: 'test', codec: 'php', protected: false, connectionPrefix: '' } as const;
    const profile = { ...common, prefix: 'app-', connection: { ...place, ...connection }, ...more };
    const store = await openRedis(profile, openCodec('php'), { timeoutMs });
    stores.push(store);
    return store;
  }

  async function raw(name: string, port = server.port, db = 0): Promise<Redis> {
    const client = new Redis(port, '127.0.0.1', { connectionName: name, db, protocol: 2 });
    client.on('error', () => {
      // Its server ends.
    });
    clients.push(client);
    await client.ping();
    return client;
  }

  async function tail(store: Store, options: Partial<EventsOptions> = {}) {
    const controller = new AbortController();
    controllers.push(controller);
    const { signal } = controller;
    const stream = await store.events({ signal, enable: true, source: 'monitor', ...options });
    return { stream, controller };
  }

  it('reports exactly what clients in any language do', async () => {
    const { stream } = await tail(await open());
    const [ann, bob] = [await raw('ann'), await raw('bob')];
    await ann.get('app-user');
    await ann.setex('app-user', 60, 'i:1;');
    await bob.get('app-user');
    await bob.mget('app-user', 'app-none', 'other-user', 'app-user');
    await ann.multi().set('app-a', 'x', 'PX', 1500).del('app-user', 'app-none').exec();
    await bob.eval(ADD, 1, 'app-added', 'i:2;', 60);
    await bob.eval(ADD, 1, 'app-added', 'i:3;', 60);
    await ann.incr('app-count');
    await ann.set('app-count', '7', 'KEEPTTL');
    await ann.set('app-count', '8', 'NX');
    await bob.call('SET', 'app-old', 'x', 'get', 'EX', '9');
    await bob.call('SET', 'app-old', 'GET', 'KEEPTTL');
    await bob.getdel('app-count');
    await bob.exists('app-none');
    await bob.pttl('app-none');
    await ann.set('app-žluť "q" \\ \n', 'x');
    await ann.set('app-lock', OWNER, 'EX', 60, 'NX');
    await bob.set('app-lock', 'qRsTuVwXyZaBcDeF', 'EX', 60, 'NX');
    await bob.eval(RELEASE, 1, 'app-lock', 'qRsTuVwXyZaBcDeF');
    await ann.eval(RELEASE, 1, 'app-lock', OWNER);
    await ann.set('app-laravel_unique_job:x', 'anything', 'NX');
    await ann.set('app-laravel_unique_job:x', 'anything', 'NX');
    await bob.unlink('app-laravel_unique_job:x');
    await bob.rename('app-a', 'app-b');
    await bob.set('other-key', 'x');
    const elsewhere = await raw('elsewhere', server.port, 1);
    await elsewhere.set('app-user', 'x');
    await elsewhere.flushdb();
    await ann.flushdb();
    await ann.set('app-end', '1');
    expect((await upTo(stream)).map((event) => brief(event))).to.deep.equal([
      'CacheMissed user by ann',
      'KeyWritten user by ann ttl 60 size 4',
      'CacheHit user by bob',
      'CacheHit user by bob',
      'CacheMissed none by bob',
      'CacheHit user by bob',
      'KeyWritten a by ann ttl 2 size 1',
      'KeyForgotten user by ann',
      'KeyWritten added by bob ttl 60 size 4',
      'KeyWritten count by ann',
      'KeyWritten count by ann size 1',
      'CacheMissed old by bob',
      'KeyWritten old by bob ttl 9 size 1',
      'KeyWritten old by bob size 3',
      'CacheHit count by bob',
      'KeyForgotten count by bob',
      'KeyWritten žluť "q" \\ \n by ann ttl null size 1',
      'LockAcquired lock by ann ttl 60',
      'LockContended lock by bob',
      'LockReleased lock by ann',
      'LockAcquired laravel_unique_job:x by ann ttl null',
      'LockContended laravel_unique_job:x by ann',
      'LockReleased laravel_unique_job:x by bob',
      'KeyForgotten a by bob',
      'KeyWritten b by bob',
      'CacheFlushed by ann',
    ]);
  });

  it('does not take a miss for a hit if notifications are delayed', async () => {
    const line = '"get" "app-none"';
    const { port, held, close } = await holdingUp(server.port, line);
    try {
      const { stream } = await tail(await open({ nodes: [{ host: '127.0.0.1', port }] }));
      const ann = await raw('ann');
      await ann.get('app-none');
      await ann.set('app-end', '1');
      expect((await upTo(stream)).map((event) => brief(event))).to.deep.equal(['CacheMissed none by ann']);
      expect(held()).to.equal(1);
    } finally {
      close();
    }
  });

  it('names the client of a script that names no key', async () => {
    const { stream } = await tail(await open());
    const [ann, bob] = [await raw('ann'), await raw('bob')];
    await bob.set('app-a', 'say "so" ', 'EX', 60);
    await ann.call('EVAL_RO', `return redis.call('get', 'app-' .. ARGV[1])`, 0, 'a');
    await ann.set('app-end', '1');
    expect((await upTo(stream)).map((event) => brief(event))).to.deep.equal([
      'KeyWritten a by bob ttl 60 size 9',
      'CacheHit a by ann',
    ]);
  });

  it('reports an expiry before its consequences', async () => {
    const { stream } = await tail(await open());
    const ann = await raw('ann');
    await ann.set('app-short', 'x', 'PX', 20);
    await until(async () => (await ann.exists('app-short')) === 0);
    await ann.get('app-short');
    await ann.set('app-end', '1');
    const types = (await upTo(stream)).map(({ type }) => type);
    expect(types).to.deep.equal(['KeyWritten', 'KeyExpired', 'CacheMissed']);
  });

  it('reports tags if they were named', async () => {
    const { stream } = await tail(await open(), { tags: true, matches: ({ tags }) => tags?.includes('team') === true });
    const other = await open();
    await other.tags(['people', 'team']).put('Ann', string('v'), 60);
    await other.tags(['people']).put('Bob', string('v'), 60);
    await other.put('Eve', string('v'), 60);
    const { value } = await stream[Symbol.asyncIterator]().next();
    expect(value).to.deep.include({ type: 'KeyWritten', tags: ['people', 'team'] });
    expect(value!.key).to.match(/^[\da-f]{40}:Ann$/);
  });

  it('does not report its own reads of peek', async () => {
    const store = await open();
    const ann = await raw('ann');
    await ann.set('app-k', 's:1:"v";');
    await ann.lpush('app-list', 'x');
    const { stream } = await tail(store);
    const [there, list, none] = await stream.peek!(['k', 'list', 'none']);
    expect(there instanceof Error ? '' : textOf(there)).to.equal('v');
    expect(list).to.be.instanceOf(Error);
    expect(none).to.equal(undefined);
    await ann.set('app-end', '1');
    expect(await upTo(stream)).to.deep.equal([]);
  });

  it('recognizes locks by a separate database', async () => {
    const nodes = [{ host: '127.0.0.1', port: server.port }];
    const store = await open({}, { locks: { kind: 'server', nodes, database: 2 } });
    const { stream } = await tail(store);
    const ann = await raw('ann', server.port, 2);
    await ann.set('app-deploy', 'me', 'EX', 60, 'NX');
    await ann.set('app-deploy', 'you', 'EX', 60, 'NX');
    await ann.del('app-deploy');
    await ann.set('app-end', 'x');
    expect((await upTo(stream)).map((event) => brief(event))).to.deep.equal([
      'LockAcquired deploy by ann ttl 60',
      'LockContended deploy by ann',
      'LockReleased deploy by ann',
    ]);
    const notified = await tail(await open({}, { locks: { kind: 'server', nodes, database: 2 } }), {
      source: 'notifications',
    });
    await ann.set('app-deploy', 'me', 'EX', 60, 'NX');
    await ann.get('app-nobody');
    await ann.del('app-deploy');
    await ann.set('app-end', 'y');
    expect((await upTo(notified.stream)).map((event) => brief(event))).to.deep.equal([
      'LockAcquired deploy',
      'LockReleased deploy',
    ]);
  });

  it('takes no lock for refused if the lock server has no notifications, and says what is missing', async function () {
    const own = await startRedis(this, '--databases', '2');
    try {
      await server.client.config('SET', 'notify-keyspace-events', 'Eg$xem');
      const locks = { kind: 'server', nodes: [{ host: '127.0.0.1', port: own.port }], database: 0 } as const;
      for (const source of ['monitor', 'notifications']) {
        const { stream, controller } = await tail(await open({}, { locks }), { enable: false, source });
        expect(stream.types).not.to.include('LockAcquired');
        expect(stream.warning).to.match(/^locks are not reported: .* does not send keyspace notifications/);
        await own.client.set('app-deploy', 'me', 'EX', 60, 'NX');
        await own.client.del('app-deploy');
        await server.client.set('app-end', 'x');
        expect(await upTo(stream)).to.deep.equal([]);
        controller.abort();
        const enabled = await tail(await open({}, { locks }), { enable: true, source });
        expect(enabled.stream.types).to.include('LockAcquired');
        await own.client.set('app-deploy', 'me', 'EX', 60, 'NX');
        await own.client.del('app-deploy');
        await own.client.set('app-end', 'x');
        const types = (await upTo(enabled.stream)).map(({ type }) => type);
        expect(types).to.deep.equal(['LockAcquired', 'LockReleased']);
        expect((await own.client.config('GET', 'notify-keyspace-events')) as string[]).to.deep.equal([
          'notify-keyspace-events',
          '',
        ]);
        await own.flush();
      }
    } finally {
      await own.stop();
    }
  });

  it('drops and counts events if read too slowly, and keeps the rest in order', async () => {
    const { stream } = await tail(await open());
    const ann = await raw('ann');
    const all = 150_000;
    for (let start = 0; start < all; start += 10_000) {
      const pipeline = ann.pipeline();
      for (let i = start; i < start + 10_000; i++) pipeline.set(`app-${i}`, 'x');
      await pipeline.exec();
    }

    await until(async () => (stream.dropped ?? 0) > 0);
    const told: number[] = [];
    for await (const { key } of stream) {
      told.push(Number(key));
      if (told.length + stream.dropped! === all) break;
    }

    expect(told).to.deep.equal(told.toSorted((one, other) => one - other));
    expect(told.length).to.equal(all - stream.dropped!);
  });

  it('continues when the server is back, and reports the gap', async function () {
    const port = await freePort();
    const settings = ['--notify-keyspace-events', 'Eg$xem', '--port', String(port)];
    let own = await startRedis(this, ...settings);
    const missed: string[] = [];
    const nodes = [{ host: '127.0.0.1', port }];
    const { stream } = await tail(await open({ nodes }), {
      enable: false,
      onMissed: ({ text }) => missed.push(text),
    });
    const events = stream[Symbol.asyncIterator]();
    await own.kill();
    own = await startRedis(this, ...settings);
    await until(() => missed.length > 0);
    await own.client.set('app-after', '1');
    const { value } = await events.next();
    expect(value).to.include({ type: 'KeyWritten', key: 'after' });
    expect(missed).to.have.lengthOf(1);
    expect(missed[0]).to.match(/closed the connection; events from \S+Z to \S+Z may have been missed$/);
    await events.return!();
    await own.stop();
  });

  for (const source of ['monitor', 'notifications']) {
    it(`reports the start of a gap if the network fell silent (${source})`, async () => {
      await server.client.config('SET', 'notify-keyspace-events', 'Eg$xem');
      const { port, silence, close } = await silenceable(server.port);
      try {
        const lost: Error[] = [];
        const missed: string[] = [];
        const store = await open({ nodes: [{ host: '127.0.0.1', port }] }, {}, 2000);
        const { stream, controller } = await tail(store, {
          source,
          enable: false,
          onLost: (why) => lost.push(why),
          onMissed: ({ text }) => missed.push(text),
        });
        silence();
        const unheardAt = Date.now();
        await server.client.set('app-unheard', '1');
        await until(() => lost.length > 0);
        controller.abort();
        expect(await upTo(stream)).to.deep.equal([]);
        const [, from] = /; events from (\S+Z) to \S+Z may have been missed$/.exec(missed[0]!)!;
        expect(new Date(from!).getTime()).to.be.at.most(unheardAt);
      } finally {
        close();
      }
    });
  }

  it('restores the setting that it changed', async () => {
    const { stream, controller } = await tail(await open());
    expect(await server.client.exists(BOOKKEEPING_KEY)).to.equal(1);
    controller.abort();
    await upTo(stream);
    expect(await server.client.config('GET', 'notify-keyspace-events')).to.deep.equal(['notify-keyspace-events', '']);
    expect(await server.client.exists(BOOKKEEPING_KEY)).to.equal(0);
  });

  it('is refused to a user without the right, and leaves the setting unchanged', async () => {
    await server.client.call('ACL', ['SETUSER', 'limited', 'reset', 'on', '>pw', '~*', '&*', '+@all', '-monitor']);
    const store = await open({ username: 'limited', password: 'pw' });
    const error = await failure(tail(store));
    expect(error).to.be.instanceOf(RefusedError);
    expect((error as RefusedError).hint).to.include('+monitor');
    expect(await server.client.config('GET', 'notify-keyspace-events')).to.deep.equal(['notify-keyspace-events', '']);
  });
});

describe('events of a Redis cluster', () => {
  let cluster: RedisCluster;
  let store: Store;
  const stores: Store[] = [];

  async function openCluster(): Promise<Store> {
    const nodes = cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
    const common = { driver: 'redis', name: 'test', codec: 'php', protected: false, connectionPrefix: '' } as const;
    const connection = { kind: 'cluster', nodes, database: 0 } as const;
    const opened = await openRedis({ ...common, prefix: 'app-', connection }, openCodec('php'), { timeoutMs: 5000 });
    stores.push(opened);
    return opened;
  }

  before(async function () {
    cluster = await startRedisCluster(this, '--notify-keyspace-events', 'Eg$xem');
  });

  afterEach(async () => store?.close());

  after(async () => cluster?.stop());

  it('are not enabled here: the error says how, quoted for a shell', async () => {
    const { client } = cluster.nodes[1]!;
    await client.config('SET', 'notify-keyspace-events', 'Kx');
    store = await openCluster();
    for (const enable of [false, true]) {
      const error = await failure(store.events({ signal: new AbortController().signal, enable }));
      expect(error)
        .to.have.property('hint')
        .that.matches(/^Turn them on for every node: .* CONFIG SET notify-keyspace-events '[$EKegmx]{7}'$/);
    }

    await client.config('SET', 'notify-keyspace-events', 'Eg$xem');
  });

  for (const source of ['notifications', 'monitor']) {
    it(`come from every primary, by ${source}`, async () => {
      store = await openCluster();
      const controller = new AbortController();
      const stream = await store.events({ signal: controller.signal, enable: false, source });
      const keys = Array.from({ length: 30 }, (_, number) => `k${number}`);
      for (const key of keys) await store.put(key, string('v'), null);
      for (const key of keys) await store.forget([key]);
      const told: string[] = [];
      for await (const { type, key } of stream) {
        told.push(`${key} ${type}`);
        if (told.length === 2 * keys.length) controller.abort();
      }

      expect(told.toSorted()).to.deep.equal(
        keys.flatMap((key) => [`${key} KeyForgotten`, `${key} KeyWritten`]).toSorted(),
      );
    });
  }

  it('come from a primary that joins later too', async function () {
    const busPort = await freePort();
    const own = ['--cluster-enabled', 'yes', '--cluster-port', String(busPort)];
    const joining = await startRedis(this, ...own, '--notify-keyspace-events', 'Eg$xem');
    const store = await openCluster();
    const controller = new AbortController();
    const missed: string[] = [];
    const options = {
      signal: controller.signal,
      enable: false,
      onMissed({ text }: { text: string }) {
        missed.push(text);
      },
    };
    const sources = ['notifications', 'monitor'];
    const streams = await Promise.all(sources.map(async (source) => store.events({ ...options, source })));
    const key = await handSlotTo(joining, busPort);
    await until(() => missed.length === sources.length);
    for (const text of missed) expect(text).to.include(`127.0.0.1:${joining.port} became a primary of the cluster`);
    await (await openCluster()).put(key, string('v'), null);
    for (const stream of streams) {
      const { value } = await stream[Symbol.asyncIterator]().next();
      expect(value).to.include({ type: 'KeyWritten', key });
    }

    controller.abort();
    await joining.stop();
  });

  /** Give an empty slot to a server that is not in the cluster yet. Resolves with a key of that slot. */
  async function handSlotTo({ client, port }: RedisServer, busPort: number): Promise<string> {
    const [{ client: first }] = cluster.nodes as [RedisServer];
    await first.call('CLUSTER', 'MEET', '127.0.0.1', port, busPort);
    const id = String(await client.call('CLUSTER', 'MYID'));
    for (const each of cluster.nodes) {
      await until(async () => String(await each.client.call('CLUSTER', 'NODES')).includes(`${id} 127.0.0.1:${port}`));
    }

    const key = `joined-${port}`;
    const slot = String(await first.call('CLUSTER', 'KEYSLOT', `app-${key}`));
    for (const each of [client, ...cluster.nodes.map((node) => node.client)]) {
      await until(async () => {
        await each.call('CLUSTER', 'SETSLOT', slot, 'NODE', id).catch(() => {
          // That node does not know the server yet.
        });
        return slotOwners(String(await each.call('CLUSTER', 'NODES')), slot).includes(id);
      });
    }

    // Each node notices by itself that the cluster is up again.
    for (const each of [client, ...cluster.nodes.map((node) => node.client)]) {
      await until(async () => String(await each.call('CLUSTER', 'INFO')).includes('cluster_state:ok'));
    }

    return key;
  }
});

/** The ids of the servers with slots, according to one of them. */
function slotOwners(nodes: string, slot: string): string[] {
  return nodes
    .split('\n')
    .filter((line) =>
      line
        .split(' ')
        .slice(8)
        .map((range) => range.split('-').map(Number))
        .some(([start, end = start]) => Number(slot) >= start! && Number(slot) <= end!),
    )
    .map((line) => line.split(' ', 1)[0]!);
}
