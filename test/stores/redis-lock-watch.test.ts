import { expect } from 'chai';
import { Redis } from 'ioredis';

import type { RedisProfile } from '../../src/profiles/profile.js';
import type { Store } from '../../src/stores/contract.js';
import type { LockEvent, LockStream } from '../../src/stores/lock-contract.js';

import { openCodec } from '../../src/codecs/open.js';
import { RefusedError, UnreachableError } from '../../src/errors.js';
import { newOwner } from '../../src/stores/lock-form.js';
import { acquireWithin } from '../../src/stores/lock-wait.js';
import { openRedis } from '../../src/stores/redis/store.js';
import { all, failure, until } from '../../src/testing/suite/stores.js';
import { type RedisCluster, startRedisCluster } from '../support/redis-cluster.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

/** Laravel's script that lets a lock go only to its owner. */
const RELEASE = `if redis.call("get",KEYS[1]) == ARGV[1] then return redis.call("del",KEYS[1]) else return 0 end`;

const never = new AbortController().signal;

describe('locks on Redis, watched and waited for', () => {
  let server: RedisServer;
  const stores: Store[] = [];
  const clients: Redis[] = [];

  before(async function () {
    // A server of its own: its users and settings are changed.
    server = await startRedis(this, '--databases', '4');
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.disconnect();
    await Promise.all(stores.splice(0).map((store) => store.close()));
    await server.client.config('SET', 'notify-keyspace-events', '');
    await server.flush();
  });

  after(async () => server?.stop());

  function profile(user?: string, port = server.port): RedisProfile {
    const place = { kind: 'server', nodes: [{ host: '127.0.0.1', port }], database: 0 } as const;
    const connection = user === undefined ? place : { ...place, username: user, password: 'pw' };
    const common = { driver: 'redis', name: 'test', codec: 'php', protected: false } as const;
    return { ...common, connectionPrefix: '', prefix: 'app-', connection };
  }

  async function open(user?: string, port?: number): Promise<Store> {
    const store = await openRedis(profile(user, port), openCodec('php'), { timeoutMs: 5000 });
    stores.push(store);
    return store;
  }

  /** A store whose user may do everything but `denied`. */
  async function without(...denied: string[]): Promise<Store> {
    await server.client.call('ACL', ['SETUSER', 'limited', 'reset', 'on', '>pw', '~*', '&*', '+@all', ...denied]);
    return open('limited');
  }

  /** A client that has nothing of cachectl. */
  async function raw(name: string, db = 0): Promise<Redis> {
    const client = new Redis(server.port, '127.0.0.1', { connectionName: name, db, protocol: 2 });
    clients.push(client);
    await client.ping();
    return client;
  }

  async function addressOf(client: Redis): Promise<string> {
    return /\baddr=(\S+)/.exec(String(await client.client('INFO')))![1]!;
  }

  interface Watched {
    readonly events: LockEvent[];
    briefly(): string[];
    saw(type: LockEvent['type'], times?: number): Promise<void>;
    readonly ended: Promise<void>;
    stop(): Promise<void>;
  }

  async function watch(store: Store, ...names: string[]): Promise<Watched> {
    const controller = new AbortController();
    const stream: LockStream = await store.watchLocks!(names, { signal: controller.signal });
    const events: LockEvent[] = [];
    const ended = (async () => {
      for await (const event of stream) events.push(event);
    })();
    ended.catch(() => {});
    return {
      events,
      briefly: () =>
        events.map(({ type, name, owner, client }) => [type, name, owner, client?.name].filter(Boolean).join(' ')),
      async saw(type, times = 1) {
        await until(() => events.filter((event) => event.type === type).length >= times);
      },
      ended,
      async stop() {
        controller.abort();
        await ended;
      },
    };
  }

  it('a watch tells what clients in any language do, by whom, in order', async () => {
    const [ann, bob] = [await raw('ann'), await raw('bob')];
    await ann.set('app-held', 'ann', 'EX', 60);
    const watched = await watch(await open(), 'deploy', 'held');
    await ann.set('app-deploy', 'ann', 'EX', 60, 'NX');
    await bob.set('app-deploy', 'bob', 'PX', 60_000, 'NX');
    await ann.pexpire('app-deploy', 90_000);
    await bob.eval(RELEASE, 1, 'app-deploy', 'bob');
    await ann.eval(RELEASE, 1, 'app-deploy', 'ann');
    await bob.set('app-deploy', 'bob', 'PX', 60_000, 'NX');
    await bob.flushdb();
    await watched.saw('released', 3);
    await watched.stop();
    expect(watched.briefly()).to.deep.equal([
      'held held ann',
      'acquired deploy ann ann',
      'contended deploy bob bob',
      'refreshed deploy ann ann',
      'released deploy ann ann',
      'acquired deploy bob bob',
      'released deploy bob bob',
      'released held ann bob',
    ]);
    const [, acquired, contended, refreshed] = watched.events;
    expect(acquired).to.include({ ttl: 60 });
    expect(refreshed).to.include({ ttl: 90 });
    expect(contended!.client).to.deep.equal({ address: await addressOf(bob), name: 'bob' });
  });

  it('a watch tells of a ttl that is over, though nobody asks', async () => {
    const watched = await watch(await open(), 'deploy');
    await (await raw('ann')).set('app-deploy', 'ann', 'PX', 50, 'NX');
    await watched.saw('expired');
    await watched.stop();
    expect(watched.briefly()).to.deep.equal(['acquired deploy ann ann', 'expired deploy ann']);
    const [acquired, expired] = watched.events;
    expect(expired!.time.getTime() - acquired!.time.getTime()).to.be.within(45, 1500);
  });

  it('a watch leaves out other databases, other prefixes and what is named alike', async () => {
    const watched = await watch(await open(), 'deploy');
    const elsewhere = await raw('elsewhere', 1);
    await elsewhere.set('app-deploy', 'x', 'NX');
    await elsewhere.flushdb();
    const here = await raw('here');
    await here.set('deploy', 'x', 'NX');
    await here.set('app-deploy2', 'x', 'NX');
    await here.set('app-deploy', 'ann', 'NX');
    await watched.saw('acquired');
    await watched.stop();
    expect(watched.briefly()).to.deep.equal(['acquired deploy ann here']);
  });

  it('a watch is refused to a user that may not have MONITOR, with the way out', async () => {
    const store = await without('-monitor');
    const error = await failure(watch(store, 'deploy'));
    expect(error).to.be.instanceOf(RefusedError);
    expect((error as RefusedError).hint).to.include('+monitor');
  });

  it('a watch tells no names to a user that may not have CLIENT, and all the rest', async () => {
    const watched = await watch(await without('-client'), 'deploy');
    const ann = await raw('ann');
    await ann.set('app-deploy', 'ann', 'NX');
    await watched.saw('acquired');
    await watched.stop();
    expect(watched.events[0]!.client).to.deep.equal({ address: await addressOf(ann) });
  });

  it('a watch ends with an error when its server goes away', async function () {
    const own = await startRedis(this, '--databases', '2');
    const watched = await watch(await open(undefined, own.port), 'deploy');
    await own.kill();
    const error = await failure(watched.ended);
    expect(error).to.be.instanceOf(UnreachableError);
    await own.stop();
  });

  it('leaves no connection behind when it ends', async () => {
    const store = await open();
    const watched = await watch(store, 'deploy');
    await watched.stop();
    await store.close();
    await until(async () => !String(await server.client.client('LIST')).includes('flags=O'));
  });

  it('a waiter hears of a release by cachectl, on its own channel', async () => {
    const store = await open();
    await store.lock('deploy').acquire('ann', null);
    const waiting = await (await open()).lock('deploy').startWaiting!('bob');
    const news = waiting.news(3_600_000, never);
    await store.lock('deploy').release('ann');
    expect(await news).to.equal(true);
    await waiting.end();
  });

  it('a waiter hears of a release by any client, where the server tells what happens', async () => {
    await server.client.config('SET', 'notify-keyspace-events', 'KEA');
    await server.client.set('app-deploy', 'ann');
    const waiting = await (await open()).lock('deploy').startWaiting!('bob');
    const news = waiting.news(3_600_000, never);
    await server.client.del('app-deploy');
    expect(await news).to.equal(true);
    await waiting.end();
  });

  it('a waiter gets a lock whose ttl is over', async () => {
    await server.client.set('app-deploy', 'ann', 'PX', 300);
    const lock = (await open()).lock('deploy');
    expect(await acquireWithin(lock, { owner: 'bob', ttl: 60, wait: 60, signal: never })).to.equal(true);
  });

  it('a waiter that may not subscribe, nor ask for clients, waits all the same', async () => {
    await server.client.set('app-deploy', 'ann');
    const store = await without('-subscribe', '-client', '-config');
    const acquired = acquireWithin(store.lock('deploy'), { owner: 'bob', ttl: 60, wait: 60, signal: never });
    await until(async () => Number(/cmdstat_set:calls=(\d+)/.exec(await server.client.info('commandstats'))?.[1]) > 2);
    await server.client.del('app-deploy');
    expect(await acquired).to.equal(true);
  });

  it('a list says how each lock was told, and takes nothing else for one', async () => {
    const own = newOwner();
    const theirs = 'aBcDeFgHiJkLmNoP';
    await server.client.mset({
      'app-laravel_unique_job:App\\Jobs\\Sync:42': 'anybody',
      'app-deploy': own,
      'app-report': theirs,
      'app-import:1': '17',
      'app-entry': 's:16:"aBcDeFgHiJkLmNoP";',
      'app-number': '1234567890123456',
      'app-import:huge': 'x'.repeat(3_000_000),
      'other-deploy': own,
    });
    await server.client.lpush('app-laravel_unique_job:list', 'x');
    await server.client.hset('app-import:hash', 'a', 'b');
    const listed = await all((await open()).locks!({ pattern: 'import:*' }));
    const told = listed.map(({ name, toldBy }) => `${name} ${toldBy}`).toSorted();
    expect(told.filter((line) => !line.startsWith('import:huge'))).to.deep.equal([
      'deploy cachectl-owner',
      'import:1 pattern',
      String.raw`laravel_unique_job:App\Jobs\Sync:42 family`,
      'report laravel-owner',
    ]);
    expect(Math.max(...listed.map(({ owner }) => owner.length))).to.be.at.most(1024);
  });
});

describe('locks on a Redis cluster', () => {
  let cluster: RedisCluster;
  let store: Store;

  before(async function () {
    cluster = await startRedisCluster(this);
  });

  afterEach(async () => store?.close());

  after(async () => cluster?.stop());

  it('a watch finds the master that has each', async () => {
    const nodes = cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
    const connection = { kind: 'cluster', nodes, database: 0 } as const;
    const common = { driver: 'redis', name: 'test', codec: 'php', protected: false, connectionPrefix: '' } as const;
    store = await openRedis({ ...common, prefix: 'app-', connection }, openCodec('php'), { timeoutMs: 5000 });
    const names = Array.from({ length: 8 }, (_, number) => `deploy:${number}`);
    const controller = new AbortController();
    const stream = await store.watchLocks!(names, { signal: controller.signal });
    for (const name of names) await store.lock(name).acquire('ann', 60);
    for (const name of names) await store.lock(name).acquire('bob', 60);
    const events: string[] = [];
    for await (const { type, name, owner } of stream) {
      events.push(`${name} ${type} ${owner}`);
      if (events.length === 2 * names.length) controller.abort();
    }

    expect(events.toSorted()).to.deep.equal(
      names.flatMap((name) => [`${name} acquired ann`, `${name} contended bob`]).toSorted(),
    );
  });
});
