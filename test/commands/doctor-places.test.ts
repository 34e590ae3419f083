import { expect } from 'chai';

import { doctor } from '../support/doctor.js';
import { type SaslMemcached, startSaslMemcached } from '../support/memcached-sasl.js';
import { type RedisCluster, startRedisCluster } from '../support/redis-cluster.js';
import { type RedisSentinel, startRedisSentinel } from '../support/redis-sentinel.js';
import { freePort, type RedisServer, startRedis } from '../support/redis-server.js';

const ROUND_TRIP = ['writing', 'counting', 'tags', 'locks'];

function okAmong(findings: ReadonlyArray<{ readonly subject: string; readonly state: string }>): readonly string[] {
  return findings.filter(({ state }) => state === 'ok').map(({ subject }) => subject);
}

function clusterUrl(nodes: readonly string[]): string {
  return `redis+cluster://${nodes.join(',')}?prefix=shop-`;
}

function sentinelUrl(name: string, ...ports: readonly number[]): string {
  return `redis+sentinel://${ports.map((port) => `127.0.0.1:${port}`).join(',')}?primary=${name}&prefix=shop-`;
}

describe('doctor on a Redis cluster', () => {
  let cluster: RedisCluster;
  let ids: readonly string[];

  before(async function () {
    cluster = await startRedisCluster(this);
    ids = cluster.nodes.map(({ port }) => `127.0.0.1:${port}`);
  });

  after(async () => cluster?.stop());

  it('checks each server, and leaves no key behind', async () => {
    const { code, findings, about } = await doctor(['--url', clusterUrl([ids[0]!])]);
    expect(code).to.equal(0);
    expect(about('cluster').message).to.match(/^3 primaries answer: /);
    for (const id of ids) {
      expect(about('cluster').message).to.include(id);
      expect(about(`server of ${id}`).message).to.include('of a cluster');
    }

    expect(about('notifications').message).to.include('need it on every node');
    expect(okAmong(findings)).to.include.members(ROUND_TRIP);
    const sizes = await Promise.all(cluster.nodes.map(async ({ client }) => client.dbsize()));
    expect(sizes).to.deep.equal([0, 0, 0]);
  });

  it('passes with one node that answers, and names the one that does not', async () => {
    const nowhere = `127.0.0.1:${await freePort()}`;
    const { code, findings } = await doctor(['--read-only', '--url', clusterUrl([nowhere, ids[1]!])]);
    expect(code).to.equal(0);
    const lost = findings.find(({ subject, state }) => subject === 'connect' && state === 'warning');
    expect(lost!.message).to.equal(`${nowhere} refuses connections`);
  });

  it('names a lost primary, and stops there: its slots are unreachable', async () => {
    await cluster.nodes[2]!.kill();
    const { code, findings } = await doctor(['--url', clusterUrl(ids)]);
    expect(code).to.equal(3);
    expect(findings.at(-1)!.state).to.equal('fault');
    const lost = findings.find(({ subject, state }) => subject === 'connect' && state === 'warning');
    expect(lost!.message).to.equal(`${ids[2]} refuses connections`);
  });
});

describe('doctor on Redis behind sentinels', () => {
  let primary: RedisServer;
  let sentinel: RedisSentinel;

  before(async function () {
    primary = await startRedis(this);
    sentinel = await startRedisSentinel(this, primary.port);
  });

  after(async () => {
    await sentinel?.stop();
    await primary?.stop();
  });

  it('checks the primary that they name', async () => {
    const { code, findings, about } = await doctor(['--url', sentinelUrl('mymaster', await freePort(), sentinel.port)]);
    expect(code).to.equal(0);
    expect(about('connect').state).to.equal('warning');
    expect(about('primary').message).to.equal('the sentinels name a primary for mymaster');
    expect(okAmong(findings)).to.include.members(ROUND_TRIP);
    expect(await primary.client.dbsize()).to.equal(0);
  });

  it('stops if they know no such primary, or are no sentinels', async () => {
    for (const wrong of [sentinelUrl('other', sentinel.port), sentinelUrl('mymaster', primary.port)]) {
      const { code, findings } = await doctor(['--url', wrong]);
      expect(code).to.equal(3);
      expect(findings.at(-1)).to.deep.include({
        state: 'fault',
        hint: 'Check that the sentinels are running, and check primary: in the profile.',
      });
    }
  });
});

describe('doctor on Memcached with SASL', () => {
  let server: SaslMemcached;

  before(async function () {
    server = await startSaslMemcached(this);
  });

  after(async () => server?.stop());

  const url = (password: string): string =>
    `memcached://${encodeURIComponent(server.username)}:${encodeURIComponent(password)}@127.0.0.1:${server.port}?prefix=shop-`;

  it('logs in, writes and locks, and names what is unavailable', async () => {
    const { code, findings, about } = await doctor([], { env: { CACHECTL_URL: url(server.password) } });
    expect(code).to.equal(0);
    expect(about('login').message).to.equal(`authenticated as ${server.username} (SASL)`);
    expect(okAmong(findings)).to.include.members(ROUND_TRIP);
    expect(about('permissions').state).to.equal('skipped');
    for (const command of ['keys', 'export', 'copy', 'lock:list', 'events:tail']) {
      expect(about('permissions').message).to.include(command);
    }
  });

  it('stops at a wrong password without showing it', async () => {
    const { code, findings, out } = await doctor([], { env: { CACHECTL_URL: url('falsch-geheim') } });
    expect(code).to.equal(3);
    expect(findings.at(-1)).to.deep.include({ subject: 'login', state: 'fault' });
    expect(out).not.to.include('falsch-geheim');
  });

  it('suggests SASL if the server hangs up on a client without a password', async () => {
    const { code, findings } = await doctor(['--url', `memcached://127.0.0.1:${server.port}`]);
    expect(code).to.equal(3);
    expect(findings.at(-1)).to.deep.include({ subject: 'greeting', state: 'fault' });
    expect(findings.at(-1)!.hint).to.include('SASL');
  });
});
