import type { Redis } from 'ioredis';

import { expect } from 'chai';
import { once } from 'node:events';
import { connect } from 'node:net';

import type { Store } from '../../../src/stores/contract/store.js';

import { UnreachableError } from '../../../src/errors.js';
import { failure, until } from '../../../src/testing/suite/stores.js';
import { startFaultProxy } from '../../support/fault-proxy.js';
import { openOnCluster, type RedisCluster, startRedisCluster } from '../../support/redis-cluster.js';
import { type RedisServer } from '../../support/redis-server.js';
import { redisStores } from '../../support/redis-stores.js';
import { watched } from '../../support/watched-locks.js';

/** Laravel's script that releases a lock only for its owner. */
const RELEASE = `if redis.call("get",KEYS[1]) == ARGV[1] then return redis.call("del",KEYS[1]) else return 0 end`;

describe('a watch of locks on Redis', () => {
  // A server of its own: its users and settings are changed.
  const stores = redisStores('--databases', '4');

  it('reports what clients in any language do, with their names, in order', async () => {
    const [ann, bob] = [await stores.client('ann'), await stores.client('bob')];
    await ann.set('app-held', 'ann', 'EX', 60);
    const watch = await watched(await stores.open(), 'deploy', 'held');
    await ann.set('app-deploy', 'ann', 'EX', 60, 'NX');
    await bob.set('app-deploy', 'bob', 'PX', 60_000, 'NX');
    await ann.pexpire('app-deploy', 90_000);
    await bob.eval(RELEASE, 1, 'app-deploy', 'bob');
    await ann.eval(RELEASE, 1, 'app-deploy', 'ann');
    await bob.set('app-deploy', 'bob', 'PX', 60_000, 'NX');
    await bob.flushdb();
    await watch.saw('released', 3);
    await watch.stop();
    expect(watch.briefly()).to.deep.equal([
      'held held ann',
      'acquired deploy ann ann',
      'contended deploy bob bob',
      'refreshed deploy ann ann',
      'released deploy ann ann',
      'acquired deploy bob bob',
      'released deploy bob bob',
      'released held ann bob',
    ]);
    const [, acquired, contended, refreshed] = watch.events;
    expect(acquired).to.include({ ttl: 60 });
    expect(refreshed).to.include({ ttl: 90 });
    expect(contended!.client).to.deep.equal({ address: await addressOf(bob), name: 'bob' });
  });

  it('starts on a server so busy that the first lines come with the reply', async () => {
    const ann = await stores.client('ann');
    const proxy = await startFaultProxy(stores.server.port, {
      filter() {
        let held: Buffer | undefined;
        let busy: NodeJS.Timeout;
        return {
          asked(chunk) {
            if (!chunk.toString().toLowerCase().includes('monitor')) return;
            held = Buffer.alloc(0);
            busy = setInterval(async () => ann.set('elsewhere', '1'), 20);
          },
          answered(chunk) {
            if (held === undefined) return chunk;
            held = Buffer.concat([held, chunk]);
            if (!held.includes('elsewhere')) return '';
            clearInterval(busy);
            const answer = held;
            held = undefined;
            return answer;
          },
        };
      },
    });
    const watch = await watched(await stores.open({ port: proxy.port }), 'deploy');
    await ann.set('app-deploy', 'ann', 'EX', 60, 'NX');
    await watch.saw('acquired');
    await watch.stop();
    expect(watch.briefly()).to.deep.equal(['acquired deploy ann ann']);
    await proxy.stop();
  });

  it('reports the end of a TTL without a lookup', async () => {
    const watch = await watched(await stores.open(), 'deploy');
    await (await stores.client('ann')).set('app-deploy', 'ann', 'PX', 50, 'NX');
    await watch.saw('expired');
    await watch.stop();
    expect(watch.briefly()).to.deep.equal(['acquired deploy ann ann', 'expired deploy ann']);
    const [acquired, expired] = watch.events;
    expect(expired!.time.getTime() - acquired!.time.getTime()).to.be.at.least(45);
  });

  it('leaves out other databases, other prefixes and similar names', async () => {
    const watch = await watched(await stores.open(), 'deploy');
    const elsewhere = await stores.client('elsewhere', 1);
    await elsewhere.set('app-deploy', 'x', 'NX');
    await elsewhere.flushdb();
    const here = await stores.client('here');
    await here.set('deploy', 'x', 'NX');
    await here.set('app-deploy2', 'x', 'NX');
    await here.set('app-deploy', 'ann', 'NX');
    await watch.saw('acquired');
    await watch.stop();
    expect(watch.briefly()).to.deep.equal(['acquired deploy ann here']);
  });

  it('reports everything but names to a user without CLIENT', async () => {
    const watch = await watched(await stores.openWithout('-client'), 'deploy');
    const ann = await stores.client('ann');
    await ann.set('app-deploy', 'ann', 'NX');
    await watch.saw('acquired');
    await watch.stop();
    expect(watch.events[0]!.client).to.deep.equal({ address: await addressOf(ann) });
  });

  it('keeps up with clients that connect for a single attempt', async () => {
    await stores.server.client.set('app-deploy', 'ann');
    const watch = await watched(await stores.open(), 'deploy');
    const tries = 400;
    for (let number = 0; number < tries; number++) {
      const client = connect(stores.server.port, '127.0.0.1');
      client.write(`SET app-deploy owner-${number} EX 60 NX\r\n`);
      await once(client, 'data');
      client.destroy();
    }

    await watch.saw('contended', tries);
    await watch.stop();
    expect(watch.events.slice(1).map(({ owner }) => owner)).to.deep.equal(
      Array.from({ length: tries }, (_, number) => `owner-${number}`),
    );
  });

  it('leaves no connection behind at the end', async () => {
    const store = await stores.open();
    const watch = await watched(store, 'deploy');
    await watch.stop();
    await store.close();
    await until(async () => !String(await stores.server.client.client('LIST')).includes('flags=O'));
  });
});

async function addressOf(client: Redis): Promise<string> {
  return /\baddr=(\S+)/.exec(String(await client.client('INFO')))![1]!;
}

describe('locks on a Redis cluster', () => {
  const names = Array.from({ length: 8 }, (_, number) => `deploy:${number}`);
  let cluster: RedisCluster;
  let store: Store;

  before(async function () {
    cluster = await startRedisCluster(this);
    store = await openOnCluster(cluster);
  });

  afterEach(async () => {
    for (const name of names) await store.lock(name).forceRelease();
  });

  after(async () => {
    await store?.close();
    await cluster?.stop();
  });

  it('are watched on their primaries', async () => {
    const watch = await watched(store, ...names);
    for (const name of names) await store.lock(name).acquire('ann', 60);
    for (const name of names) await store.lock(name).acquire('bob', 60);
    await watch.saw('contended', names.length);
    await watch.stop();
    expect(watch.events.map(({ name, type, owner }) => `${name} ${type} ${owner}`).toSorted()).to.deep.equal(
      names.flatMap((name) => [`${name} acquired ann`, `${name} contended bob`]).toSorted(),
    );
  });

  it('are no longer watched if they move to another server, with the reason', async () => {
    const key = 'app-deploy:0';
    const slot = Number(await cluster.nodes[0]!.client.cluster('KEYSLOT', key));
    const at = await Promise.all(cluster.nodes.map(async ({ client }) => client.exists(key).catch(() => {})));
    const from = cluster.nodes.find((_, index) => at[index] !== undefined)!;
    const to = cluster.nodes.find((node) => node !== from)!;
    const id = async ({ client }: RedisServer): Promise<string> => String(await client.cluster('MYID'));
    const watch = await watched(store, 'deploy:0');
    await to.client.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', await id(from));
    await from.client.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', await id(to));
    try {
      for (const error of [await failure(watch.ended), await failure(watched(store, 'deploy:0'))]) {
        expect(error).to.be.instanceOf(UnreachableError);
        expect((error as Error).message).to.contain('"deploy:0" is moving to another server of the redis cluster');
      }
    } finally {
      for (const { client } of [from, to]) await client.call('CLUSTER', 'SETSLOT', slot, 'STABLE');
    }
  });

  it('wake waiters wherever they are', async () => {
    for (const name of names) {
      const lock = store.lock(name);
      await lock.acquire('ann', null);
      const waiting = await lock.startWaiting!('bob');
      const news = waiting.news(3_600_000, new AbortController().signal);
      await lock.release('ann');
      expect(await news, name).to.equal(true);
      await waiting.end();
    }
  });
});
