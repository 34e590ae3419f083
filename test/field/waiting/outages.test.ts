import { expect } from 'chai';
import path from 'node:path';

import type { MongodbServer } from '../../support/mongodb-server.js';

import { until } from '../../../src/testing/suite/stores.js';
import { cachectl, type Run, start } from '../../support/cli.js';
import { Database } from '../../support/database.js';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.js';
import { type MemcachedServer, startMemcached } from '../../support/memcached-server.js';
import { startMongodb } from '../../support/mongodb-server.js';
import { type RedisCluster, startRedisCluster } from '../../support/redis-cluster.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { scratchFolder } from '../../support/scratch.js';

const TTL = '10m';

/** A store whose server can be stopped. */
interface Setup {
  url(): string;
  /** Whether the waiter was refused and retries. */
  isWaiting(): Promise<boolean>;
  /** Resolves when the outage is over. */
  outage(waiter: Run): Promise<void>;
}

function waitersOutlast({ url, isWaiting, outage }: Setup): void {
  const env = (): Record<string, string> => ({ CACHECTL_URL: url() });
  const run = async (...args: string[]) => cachectl(args, { env: env() });

  beforeEach(async () => {
    expect(await run('lock:acquire', 'deploy', '--ttl', TTL, '--owner', 'ann')).to.include({ code: 0 });
  });

  afterEach(async () => {
    await run('lock:release', 'deploy', '--force', '--yes');
  });

  it('lock:acquire --wait acquires a lock that is released after the outage', async () => {
    const waiter = start(['lock:acquire', 'deploy', '--ttl', TTL, '--wait', TTL, '--timeout', '3s'], { env: env() });
    await until(isWaiting);
    await outage(waiter);
    await waiter.saw('; retrying until the wait ends', 'err');
    await run('lock:release', 'deploy', '--owner', 'ann');
    const { code, out } = await waiter.ended;
    expect(code).to.equal(0);
    expect(JSON.parse((await run('lock:show', 'deploy', '--json')).out)).to.deep.include({ owner: out.trim() });
  });

  it('lock:run --wait runs its command after the outage, and releases the lock', async () => {
    const command = ['--wait', TTL, '--timeout', '3s', '--', 'echo', 'ran'];
    const waiter = start(['lock:run', 'deploy', ...command], { env: env() });
    await until(isWaiting);
    await outage(waiter);
    await waiter.saw('; retrying until the wait ends', 'err');
    await run('lock:release', 'deploy', '--owner', 'ann');
    expect(await waiter.ended).to.include({ code: 0, out: 'ran\n' });
    expect(await run('lock:release', 'deploy', '--force', '--yes')).to.include({ code: 1 });
  });

  it('remember runs its command if the process that ran it died in the outage', async () => {
    const lock = 'cachectl:remember:rates';
    expect(await run('lock:acquire', lock, '--ttl', TTL, '--owner', 'ann')).to.include({ code: 0 });
    const args = ['remember', 'rates', '--ttl', TTL, '--value-only', '--timeout', '3s', '--', 'echo', 'made'];
    const waiter = start(args, { env: env() });
    await until(isWaiting);
    await outage(waiter);
    await waiter.saw('; retrying until the wait ends', 'err');
    await run('lock:release', lock, '--owner', 'ann');
    expect(await waiter.ended).to.include({ code: 0, out: 'made\n' });
    expect(await run('get', 'rates')).to.include({ code: 0, out: 'made\n\n' });
    await run('forget', 'rates');
  });
}

describe('waiting for a lock through an outage', function () {
  this.timeout(120_000);

  describe('on Redis that drops its clients', () => {
    let redis: RedisServer;

    before(async function () {
      redis = await startRedis(this, '--save', '');
    });

    after(async () => redis?.stop());
    waitersOutlast({
      url: () => redis.url,
      isWaiting: async () => hasSubscriber(redis),
      outage: async () => dropClients(redis),
    });
  });

  describe('on a Redis cluster that drops its clients', () => {
    let cluster: RedisCluster;

    before(async function () {
      cluster = await startRedisCluster(this);
    });

    after(async () => cluster?.stop());
    waitersOutlast({
      url: () => `redis+cluster://127.0.0.1:${cluster.nodes[0]!.port}`,
      async isWaiting() {
        const all = await Promise.all(cluster.nodes.map(async (node) => hasSubscriber(node)));
        return !all.includes(false);
      },
      async outage() {
        await Promise.all(cluster.nodes.map(async (node) => dropClients(node)));
      },
    });
  });

  describe('on Memcached behind a proxy that drops its clients', () => {
    let memcached: MemcachedServer;
    let proxy: FaultProxy;

    before(async function () {
      memcached = await startMemcached(this);
      proxy = await startFaultProxy(memcached.port);
    });

    after(async () => {
      await proxy?.stop();
      await memcached?.stop();
    });
    waitersOutlast({
      url: () => `memcached://127.0.0.1:${proxy.port}`,
      isWaiting: triesOf(() => proxy),
      outage: async (waiter) => outageOf(proxy, waiter),
    });
  });

  describe('on MongoDB behind a proxy that drops its clients', () => {
    let mongodb: MongodbServer;
    let proxy: FaultProxy;

    before(async function () {
      mongodb = await startMongodb(this, 'java');
      proxy = await startFaultProxy(Number(new URL(mongodb.url).port));
    });

    after(async () => {
      await proxy?.stop();
      await mongodb?.stop();
    });
    waitersOutlast({
      url: () => `mongodb://127.0.0.1:${proxy.port}/cachectl-test`,
      isWaiting: async () =>
        mongodb.client.db('cachectl-test').collection('cachectl_waiters').countDocuments().then(Boolean),
      outage: async (waiter) => outageOf(proxy, waiter),
    });
  });

  describe('on an SQLite file that another process locks for longer than --timeout', () => {
    const file = path.join(scratchFolder('locked'), 'cache.sqlite');
    let database: Database | undefined;
    waitersOutlast({
      url: () => `sqlite://${file}`,
      async isWaiting() {
        database ??= new Database(file);
        return (
          database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'cachectl_waiters'").get() !== undefined &&
          database.prepare('SELECT 1 FROM cachectl_waiters').get() !== undefined
        );
      },
      // A waiter only reads while the lock is held, and no writer blocks that. So the lock has to expire meanwhile.
      async outage(waiter) {
        database!.prepare('UPDATE cache_locks SET expiration = ?').run(Math.floor(Date.now() / 1000) + 2);
        database!.exec('BEGIN IMMEDIATE');
        await waiter.saw('; retrying until the wait ends', 'err');
        database!.exec('ROLLBACK');
      },
    });

    after(() => database?.close());
  });
});

/** The waiter's connection for notifications. */
async function hasSubscriber({ client }: RedisServer): Promise<boolean> {
  return String(await client.call('CLIENT', 'LIST', 'TYPE', 'pubsub')).includes('cachectl:waits:');
}

async function dropClients({ client }: RedisServer): Promise<void> {
  for (const type of ['normal', 'pubsub']) await client.call('CLIENT', 'KILL', 'TYPE', type);
}

async function outageOf(proxy: FaultProxy, waiter: Run): Promise<void> {
  await proxy.cut();
  await waiter.saw('; retrying until the wait ends', 'err');
  await proxy.mend();
}

/** More messages than one attempt takes. */
function triesOf(proxy: () => FaultProxy): () => Promise<boolean> {
  let before: number | undefined;
  return async () => {
    before ??= proxy().asked;
    if (proxy().asked < before + 6) return false;
    before = undefined;
    return true;
  };
}
