import { expect } from 'chai';

import type { Store } from '../../../src/stores/contract/store.js';
import type { FaultProxy } from '../../support/fault-proxy.js';
import type { RedisCluster } from '../../support/redis-cluster.js';
import type { RedisServer } from '../../support/redis-server.js';

import { openCodec } from '../../../src/codecs/open.js';
import { string } from '../../../src/codecs/value.js';
import { PartialError, RefusedError, WrongTypeError } from '../../../src/errors.js';
import { isGone, ttlOf } from '../../../src/stores/redis/client/replies.js';
import { openRedis } from '../../../src/stores/redis/store.js';
import { failure, hits, textOf } from '../../../src/testing/suite/stores.js';
import { startSilentServer } from '../../support/fault-proxy.js';
import { startRedisCluster } from '../../support/redis-cluster.js';
import { startRedis } from '../../support/redis-server.js';

const COMMON = {
  driver: 'redis',
  name: 'test',
  codec: 'php',
  protected: false,
  connectionPrefix: '',
  prefix: '',
} as const;

describe('entries on Redis', () => {
  const stores: Store[] = [];

  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
  });

  describe('TTLs from the milliseconds of PTTL', () => {
    it('are whole seconds, rounded up, so that a live entry has at least one', () => {
      expect(['1', '1000', '1001', '60000'].map((pttl) => ttlOf(pttl))).to.deep.equal([1, 1, 2, 60]);
    });

    it('of -1 mean never; -2 means no key', () => {
      expect(ttlOf('-1')).to.equal(null);
      expect(['-2', '-1', '1'].map((pttl) => isGone(pttl))).to.deep.equal([true, false, false]);
    });
  });

  describe('pull and forget', () => {
    let server: RedisServer;

    before(async function () {
      // A server of its own: its users are changed.
      server = await startRedis(this, '--databases', '2');
    });

    after(async () => server?.stop());

    async function without(...denied: string[]): Promise<Store> {
      await server.client.call('ACL', ['SETUSER', 'limited', 'reset', 'on', '>pw', '~*', '&*', '+@all', ...denied]);
      const nodes = [{ host: '127.0.0.1', port: server.port }];
      const connection = { kind: 'server', nodes, database: 0, username: 'limited', password: 'pw' } as const;
      const store = await openRedis({ ...COMMON, connection }, openCodec('php'), { timeoutMs: 5000 });
      stores.push(store);
      return store;
    }

    for (const [what, denied] of [
      ['GETDEL', []],
      ['a script where there is no GETDEL (before Redis 6.2)', ['-getdel']],
    ] as const) {
      it(`remove the entry with its TTL by ${what}`, async () => {
        const store = await without(...denied);
        await store.put('k', string('v'), 60);
        const entry = await store.pull('k');
        expect(textOf(entry)).to.equal('v');
        expect(entry?.ttl).to.be.within(30, 60);
        expect(await store.pull('k')).to.equal(undefined);
      });

      it(`keep what is not an entry, by ${what}`, async () => {
        const store = await without(...denied);
        await server.client.del('list');
        await server.client.rpush('list', 'a');
        expect(await failure(store.pull('list'))).to.be.instanceOf(WrongTypeError);
        expect(await server.client.llen('list')).to.equal(1);
      });
    }

    it('are refused for a key by its rights; forget names it and removes the others', async () => {
      const store = await without('resetkeys', '~ours:*');
      await server.client.mset('ours:1', 'a', 'ours:2', 'b', 'theirs', 'c');
      const error = await failure(store.forget(['ours:1', 'theirs', 'ours:2']));
      expect(error).to.be.instanceOf(PartialError);
      expect((error as Error).message).to.match(/^forgot 2 of 3 keys, not "theirs": /);
      expect(await server.client.exists('ours:1', 'ours:2')).to.equal(0);
      const all = await failure(store.forget(['theirs']));
      expect(all).to.be.instanceOf(RefusedError);
      expect(await server.client.exists('theirs')).to.equal(1);
    });
  });

  describe('on a cluster', () => {
    let cluster: RedisCluster;
    let silent: readonly FaultProxy[] = [];

    before(async function () {
      cluster = await startRedisCluster(this);
    });

    after(async () => Promise.all([cluster, ...silent].map(async (each) => each?.stop())));

    async function opened(): Promise<Store> {
      const nodes = cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
      const connection = { kind: 'cluster', nodes, database: 0 } as const;
      const store = await openRedis({ ...COMMON, connection }, openCodec('php'), { timeoutMs: 5000 });
      stores.push(store);
      return store;
    }

    it('are found through any node of the list, while others accept and stay silent', async () => {
      silent = await Promise.all([startSilentServer(), startSilentServer()]);
      const nodes = [...silent, cluster.nodes[0]!].map(({ port }) => ({ host: '127.0.0.1', port }));
      const connection = { kind: 'cluster', nodes, database: 0 } as const;
      // The library tries them in its own order.
      const tries = await Promise.all(
        Array.from({ length: 6 }, async () =>
          openRedis({ ...COMMON, connection }, openCodec('php'), { timeoutMs: 4000 }),
        ),
      );
      stores.push(...tries);
      for (const hit of await Promise.all(tries.map(async (store) => store.get('nobody')))) expect(hit).to.be.undefined;
    });

    it('are requested from their own node without redirects', async () => {
      const store = await opened();
      const keys = Array.from({ length: 300 }, (_, number) => `k${number}`);
      for (const key of keys) await store.put(key, string('v'), 60);
      await store.many(keys);
      const errors = await Promise.all(cluster.nodes.map(({ client }) => client.info('errorstats')));
      expect(errors.filter((stats) => stats.includes('MOVED'))).to.deep.equal([]);
    });

    it('are written once per key, with the last value, since a redirected write could arrive late', async () => {
      const store = await opened();
      await Promise.all(cluster.nodes.map(({ client }) => client.config('RESETSTAT')));
      const entries = Array.from({ length: 300 }, (_, number) => ({
        key: `twice:${number % 100}`,
        value: string(String(number)),
        ttl: 60,
      }));
      expect(await store.putMany(entries)).to.equal(300);
      const read = await hits(
        store,
        Array.from({ length: 100 }, (_, number) => `twice:${number}`),
      );
      expect(read.map((entry) => textOf(entry))).to.deep.equal(
        Array.from({ length: 100 }, (_, number) => `${200 + number}`),
      );
      const stats = await Promise.all(cluster.nodes.map(({ client }) => client.info('commandstats')));
      const calls = stats.map((text) => Number(/cmdstat_set:calls=(\d+)/.exec(text)?.[1] ?? 0));
      expect(calls.reduce((sum, count) => sum + count, 0)).to.equal(100);
    });

    it('are pulled atomically with value and TTL, wherever the slot is', async () => {
      const store = await opened();
      const keys = Array.from({ length: 300 }, (_, number) => `k${number}`);
      for (const key of keys) await store.put(key, string('v'), 60);
      const ttls = await Promise.all(keys.map(async (key) => (await store.pull(key))?.ttl));
      expect(ttls.filter((ttl) => ttl !== 59 && ttl !== 60)).to.deep.equal([]);
      expect(await store.pull('k0')).to.equal(undefined);
    });
  });
});
