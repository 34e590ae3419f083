import { expect } from 'chai';
import { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';

import { until } from '../../../src/testing/suite/stores.js';
import { cachectl, type Run, start } from '../../support/cli.js';
import { startFaultProxy } from '../../support/fault-proxy.js';
import { expectFault } from '../../support/faults.js';
import { halt } from '../../support/halt.js';
import { startRedisSentinel } from '../../support/redis-sentinel.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';

const LOST = '; retrying until the wait ends';

describe('waiting for a lock on Redis', function () {
  this.timeout(120_000);
  let redis: RedisServer;

  beforeEach(async function () {
    redis = await startRedis(this, '--save', '');
    await redis.client.set('deploy', 'ann');
  });

  afterEach(async () => redis.stop());

  async function waiting(...more: string[]): Promise<Run> {
    const run = start(['lock:acquire', 'deploy', '--ttl', '10m', '--url', redis.url, ...more]);
    await until(async () => hasWaiter(redis));
    return run;
  }

  it('after a restart: acquires the lock, which the new server does not know', async function () {
    const { port } = redis;
    const run = await waiting('--wait', '10m');
    await redis.stop();
    await run.saw(`closed the connection${LOST}`, 'err');
    redis = await startRedis(this, '--save', '', '--port', String(port));
    const { code, out } = await run.ended;
    expect(code).to.equal(0);
    expect(await redis.client.get('deploy')).to.equal(out.trim());
  });

  it('after a silence: keeps waiting, and is visible as a waiter', async () => {
    const pid = await pidOf(redis);
    const run = await waiting('--wait', '10m', '--timeout', '2s');
    await halt(pid);
    await run.saw(`did not answer in time${LOST}`, 'err');
    process.kill(pid, 'SIGCONT');
    await until(async () => hasWaiter(redis));
    expect(await cachectl(['lock:release', 'deploy', '--owner', 'ann', '--url', redis.url])).to.include({ code: 0 });
    const { code, out } = await run.ended;
    expect(code).to.equal(0);
    expect(await redis.client.get('deploy')).to.equal(out.trim());
  });

  for (const [command, ...more] of [
    ['lock:acquire', 'deploy', '--ttl', '10m'],
    ['lock:run', 'deploy', '--', 'echo', 'ran'],
    ['remember', 'r', '--ttl', '10m', '--', 'echo', 'ran'],
  ]) {
    it(`during a silence until the end: ${command} fails with a typed error`, async () => {
      await redis.client.set('cachectl:remember:r', 'ann');
      const pid = await pidOf(redis);
      const env = { CACHECTL_URL: redis.url };
      const run = start([command!, '--wait', '6s', '--timeout', '1s', ...more], { env });
      await until(async () => hasWaiter(redis));
      await halt(pid);
      const { err, ...result } = await run.ended;
      process.kill(pid, 'SIGCONT');
      expect(err).to.include(LOST);
      expectFault({ ...result, err }, { code: 3, message: 'did not answer in time', hint: '--timeout' });
    });
  }

  it('with a lost answer: the lock is held once, by the printed token', async () => {
    const proxy = await startFaultProxy(redis.port);
    const args = ['lock:acquire', 'deploy', '--ttl', '10m', '--wait', '10m', '--fence'];
    const run = start([...args, '--url', `redis://127.0.0.1:${proxy.port}`]);
    await until(async () => hasWaiter(redis));
    await proxy.inject('cut after the request', (message) => message.includes('NX'), { once: true });
    await redis.client.del('deploy');
    await run.saw(LOST, 'err');
    const { code, out } = await run.ended;
    expect(code).to.equal(0);
    const [owner, fence] = out.trim().split(' ');
    expect(await redis.client.get('deploy')).to.equal(owner);
    expect(Number(fence)).to.be.greaterThan(1_000_000_000_000);
    expect(await redis.client.pttl('deploy')).to.be.within(1, 600_000);
    await proxy.stop();
  });

  it('with a lost answer and a given owner: the outcome is reported as unknown', async () => {
    const proxy = await startFaultProxy(redis.port);
    const args = ['lock:acquire', 'deploy', '--ttl', '10m', '--wait', '10m', '--owner', 'bob'];
    const run = start([...args, '--url', `redis://127.0.0.1:${proxy.port}`]);
    await until(async () => hasWaiter(redis));
    await proxy.inject('cut after the request', (message) => message.includes('NX'), { once: true });
    await redis.client.del('deploy');
    const result = await run.ended;
    expectFault(result, {
      code: 3,
      message: 'deploy may or may not have been acquired for bob',
      hint: 'cachectl lock:show deploy',
    });
    await proxy.stop();
  });

  it('after a failover by sentinels: waits at the new primary', async function () {
    const replica = await startRedis(this, '--save', '', '--replicaof', '127.0.0.1', String(redis.port));
    // A sentinel asks for replicas when it starts, and again ten seconds later.
    await until(async () => (await redis.client.info('replication')).includes('state=online'));
    const sentinel = await startRedisSentinel(this, redis.port);
    try {
      const control = new Redis(sentinel.port, '127.0.0.1', { protocol: 2 });
      await until(async () => ((await control.call('SENTINEL', 'REPLICAS', 'mymaster')) as unknown[]).length === 1);
      const url = `redis+sentinel://127.0.0.1:${sentinel.port}/0?primary=mymaster`;
      const run = start(['lock:acquire', 'deploy', '--ttl', '10m', '--wait', '10m', '--url', url]);
      await until(async () => hasWaiter(redis));
      await control.call('SENTINEL', 'FAILOVER', 'mymaster');
      control.disconnect();
      await run.saw(LOST, 'err');
      await until(async () => hasWaiter(replica));
      await replica.client.del('deploy');
      const { code, out } = await run.ended;
      expect(code).to.equal(0);
      expect(await replica.client.get('deploy')).to.equal(out.trim());
    } finally {
      await sentinel.stop();
      await replica.stop();
    }
  });
});

describe('stats --watch on Redis', function () {
  this.timeout(120_000);
  let redis: RedisServer;

  beforeEach(async function () {
    redis = await startRedis(this, '--save', '');
  });

  afterEach(async () => redis.stop());

  it('continues after a restart', async function () {
    const { port } = redis;
    const run = start(['stats', '--watch', '--json', '--url', redis.url]);
    await run.saw('"hitsPerSecond"');
    await redis.stop();
    await run.saw('; reconnecting', 'err');
    const before = run.output();
    redis = await startRedis(this, '--save', '', '--port', String(port));
    await until(() => run.output().length > before.length);
    run.child.kill('SIGINT');
    expect((await run.ended).code).to.equal(130);
  });

  it('does not notice that the server ended an idle connection', async () => {
    const run = start(['stats', '--watch', '--interval', '3s', '--json', '--url', redis.url]);
    await run.saw('"hitsPerSecond"');
    await redis.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    const { length } = run.output();
    await until(() => run.output().length > length);
    run.child.kill('SIGINT');
    const { out, err } = await run.ended;
    expect(err).not.to.include('closed the connection');
    expect(out.trim().split('\n')).to.have.length(2);
  });

  it('skips the intervals of a silence', async () => {
    const run = start(['stats', '--watch', '--interval', '100ms', '--json', '--url', redis.url]);
    await run.saw('"hitsPerSecond"');
    const server = await pidOf(redis);
    process.kill(server, 'SIGSTOP');
    await sleep(1000);
    process.kill(server, 'SIGCONT');
    const { length } = run.output();
    await until(() => run.output().slice(length).split('\n').length > 3);
    run.child.kill('SIGINT');
    const { out } = await run.ended;
    const times = out.match(/"at":"[^"]+/g)!.map((at) => Date.parse(at.slice('"at":"'.length)));
    // One for each interval, except those of the silence.
    expect(times.length).to.be.at.most((times.at(-1)! - times[0]! - 1000) / 100 + 3);
  });

  it('exits 3 if the server is still down at its end', async () => {
    const run = start(['stats', '--watch', '--for', '5s', '--url', redis.url]);
    await until(() => run.output() !== '');
    await redis.kill();
    const { out, ...result } = await run.ended;
    expect(out).not.to.equal('');
    expectFault({ ...result, out: '' }, { code: 3, message: 'refuses connections' });
  });
});

async function hasWaiter({ client }: RedisServer): Promise<boolean> {
  return String(await client.call('CLIENT', 'LIST', 'TYPE', 'pubsub')).includes('cachectl:waits:');
}

async function pidOf({ client }: RedisServer): Promise<number> {
  return Number(/process_id:(\d+)/.exec(await client.info('server'))![1]);
}
