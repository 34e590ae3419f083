import { expect } from 'chai';
import { readFileSync } from 'node:fs';

import type { Profile, RedisProfile, SqlProfile, SshTunnel } from '../../../src/profiles/profile.js';
import type { SshServer } from '../../support/ssh-server.js';

import { string } from '../../../src/codecs/value.js';
import { DRIVER as MYSQL } from '../../../src/stores/mysql/store.js';
import { openStore } from '../../../src/stores/open.js';
import { DRIVER as POSTGRES } from '../../../src/stores/postgres/store.js';
import { failure, textOf } from '../../../src/testing/suite/stores.js';
import { Certificates } from '../../support/certificates.js';
import { memcachedProfile, startMemcached } from '../../support/memcached-server.js';
import { mongodbProfile, startMongodb } from '../../support/mongodb-server.js';
import { startMysql } from '../../support/mysql-server.js';
import { startPostgres } from '../../support/postgres-server.js';
import { startRedisCluster } from '../../support/redis-cluster.js';
import { startRedisSentinel } from '../../support/redis-sentinel.js';
import { freePort, startRedis, startServer } from '../../support/redis-server.js';
import { sqlProfile } from '../../support/sql-server.js';
import { createLaravelTables } from '../../support/sql-tables.js';
import { startSshServer } from '../../support/ssh-server.js';

describe('Stores through ssh', () => {
  let bastion: SshServer;
  let ssh: SshTunnel;
  const ends: Array<() => Promise<void>> = [];

  before(async function () {
    bastion = await startSshServer(this);
    ssh = bastion.settings;
  });

  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });

  after(async () => bastion?.stop());

  /** Write, read and lock through the bastion, then check that it made the connections. */
  async function worksThrough(profile: Profile, ...ports: readonly number[]): Promise<void> {
    const store = await openStore(profile, { timeoutMs: 10_000 });
    ends.unshift(async () => store.close());
    const keys = Array.from({ length: 20 }, (_, index) => `key-${index}`);
    for (const key of keys) await store.put(key, string(key), 60);
    for (const key of keys) expect(textOf(await store.get(key))).to.equal(key);
    const lock = store.lock('deploy');
    expect((await lock.acquire('owner-1', 30)) !== false).to.equal(true);
    expect(await lock.release('owner-1')).to.equal(true);
    const findings = [];
    for await (const finding of store.checkConnection!()) findings.push(finding);
    expect(findings.find(({ state }) => state === 'fault')).to.equal(undefined);
    expect(findings[0]).to.include({ subject: 'ssh tunnel', state: 'ok' });
    expect(bastion.forwarded()).to.include.members([...ports]);
  }

  function redis(more: Partial<RedisProfile>): RedisProfile {
    const common = { name: 'test', codec: 'php', protected: false, connectionPrefix: '', prefix: 'app-' } as const;
    const connection = { kind: 'server', nodes: [], database: 0 } as const;
    return { driver: 'redis', ...common, connection, ssh, ...more };
  }

  it('reach a Redis server', async function () {
    const server = await startRedis(this, '--databases', '2');
    ends.push(server.stop);
    const connection = { kind: 'server', nodes: [at(server.port)], database: 1 } as const;
    await worksThrough(redis({ connection }), server.port);
  });

  it('reach every node of a Redis cluster', async function () {
    const cluster = await startRedisCluster(
      this,
      '--cluster-announce-hostname',
      'localhost',
      '--cluster-preferred-endpoint-type',
      'hostname',
    );
    ends.push(cluster.stop);
    const connection = { kind: 'cluster', nodes: [at(cluster.nodes[0]!.port)], database: 0 } as const;
    await worksThrough(redis({ connection }), ...cluster.nodes.map(({ port }) => port));
  });

  it('reach the primary that Redis sentinels name', async function () {
    const primary = await startRedis(this, '--databases', '2');
    const sentinel = await startRedisSentinel(this, primary.port);
    ends.push(sentinel.stop, primary.stop);
    const connection = { kind: 'sentinel', nodes: [at(sentinel.port)], primary: 'mymaster', database: 1 } as const;
    await worksThrough(redis({ connection }), sentinel.port);
  });

  it('verify the certificate of the server itself', async function () {
    const certificates = new Certificates(this);
    const { cert, key } = certificates.selfSigned('redis', 'localhost');
    const files = [
      '--tls-cert-file',
      cert,
      '--tls-key-file',
      key,
      '--tls-ca-cert-file',
      cert,
      '--tls-auth-clients',
      'no',
    ];
    const port = await freePort();
    const reach = { host: 'localhost', tls: { ca: readFileSync(cert) } };
    const server = await startServer(
      this,
      'redis-server',
      ['--tls-port', String(port), '--port', '0', ...files],
      reach,
    );
    ends.push(server.stop, async () => certificates.remove());
    const tls = { ca: cert, verify: true };
    const named = { kind: 'server', nodes: [at(port)], database: 0, tls } as const;
    await worksThrough(redis({ connection: named }), port);

    const unnamed = { ...named, nodes: [{ host: '127.0.0.1', port }] };
    const store = await openStore(redis({ connection: unnamed }), { timeoutMs: 10_000 });
    ends.unshift(async () => store.close());
    const { message } = (await failure(store.get('key-1'))) as Error;
    expect(message).to.contain('has a certificate for localhost, not for 127.0.0.1');
  });

  it('reach every Memcached server', async function () {
    const servers = [await startMemcached(this, '-v'), await startMemcached(this, '-v')];
    for (const { stop } of servers) ends.push(stop);
    const ports = servers.map(({ port }) => port);
    const places = ports.map((port) => ({ ...at(port), weight: 1 }));
    await worksThrough(memcachedProfile(ports, 'app-', { servers: places, ssh }), ...ports);
  });

  it('reach MongoDB', async function () {
    const server = await startMongodb(this, 'java');
    ends.push(server.stop);
    const url = server.url.replace('127.0.0.1', 'localhost');
    await worksThrough(mongodbProfile({ ...server, url }, 'app-', { ssh }), server.port);
  });

  for (const [name, start, driver] of [
    ['mysql', startMysql, MYSQL],
    ['postgres', startPostgres, POSTGRES],
  ] as const) {
    it(`reach ${name === 'mysql' ? 'MySQL' : 'PostgreSQL'}`, async function () {
      const server = await start(this);
      ends.push(server.stop);
      const direct = sqlProfile(name, server, 'app-');
      await createLaravelTables(driver, direct);
      const { port } = server.connection;
      const profile: SqlProfile = { ...direct, connection: { ...server.connection, host: 'localhost' }, ssh };
      await worksThrough(profile, port);
    });
  }
});

function at(port: number): { host: string; port: number } {
  return { host: 'localhost', port };
}
