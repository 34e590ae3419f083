import { expect } from 'chai';

import { Certificates } from '../../support/certificates.js';
import {
  startHostlessCluster,
  startOneNodeCluster,
  startTlsCluster,
  startTlsServer,
  without,
  withUser,
} from '../../support/redis-deployments.js';
import { startServer } from '../../support/redis-server.js';

/** A reply to CLUSTER SLOTS: `[first, last, [host, port, id, …], …]`. */
type Slots = ReadonlyArray<readonly [number, number, readonly [null | string, number]]>;

describe('Redis deployments of the field tests', () => {
  let stops: Array<() => Promise<void>> = [];

  afterEach(async () => {
    await Promise.all(stops.map((stop) => stop()));
    stops = [];
  });

  function stopLater<Running extends { stop(): Promise<void> }>(running: Running): Running {
    stops.push(() => running.stop());
    return running;
  }

  it('include a one-node cluster that announces no host', async function () {
    const { client } = stopLater(await startOneNodeCluster(this));
    const [[first, last, [host]]] = (await client.cluster('SLOTS')) as unknown as [Slots[0]];
    expect([first, last, host]).to.deep.equal([0, 16_383, '']);
  });

  it('include a cluster of three that announces no host', async function () {
    const { nodes } = stopLater(await startHostlessCluster(this));
    const slots = (await nodes[0]!.client.cluster('SLOTS')) as unknown as Slots;
    expect(slots.map((range) => range[2][0])).to.deep.equal([null, null, null]);
  });

  it('include a TLS cluster that announces host names', async function () {
    const certificates = new Certificates(this);
    stops.push(async () => certificates.remove());
    const { nodes } = stopLater(await startTlsCluster(this, certificates.selfSigned('cluster', 'localhost')));
    const slots = (await nodes[0]!.client.cluster('SLOTS')) as unknown as Slots;
    expect(slots.map((range) => range[2][0])).to.deep.equal(['localhost', 'localhost', 'localhost']);
    expect(nodes[0]!.url).to.match(/^rediss:\/\/localhost:/);
  });

  it('include a server with TLS only', async function () {
    const certificates = new Certificates(this);
    stops.push(async () => certificates.remove());
    const { client } = stopLater(await startTlsServer(this, certificates.selfSigned('server', 'localhost')));
    expect(await client.ping()).to.equal('PONG');
  });

  it('include servers without a command, and users with few rights', async function () {
    const server = stopLater(await startServer(this, 'redis-server', without('MONITOR', 'GETDEL')));
    expect(await server.client.call('GETDEL', 'a').catch(String)).to.include('unknown command');
    const url = await withUser(server, 'app', '~app:*', '+@read');
    expect(url).to.match(/^redis:\/\/app:pw@127\.0\.0\.1:\d+\/0$/);
  });

  it('include Redis 8 and Valkey 9', async function () {
    for (const [program, version] of [
      ['redis-server-8', /redis_version:8\./],
      ['valkey-server-9', /valkey_version:9\./],
    ] as const) {
      const { client } = stopLater(await startServer(this, program));
      expect(await client.info('server')).to.match(version);
    }
  });
});
