import { until } from '../../../src/testing/suite/stores.js';
import { FaultPlan, startFaultProxy } from '../../support/fault-proxy.js';
import { type RedisCluster, startRedisCluster } from '../../support/redis-cluster.js';
import { expectNewConnections } from './idle.js';
import { type Lane, Matrix } from './matrix.js';
import { expectReachable } from './tags.js';

describe('every command in front of a Redis cluster that fails', function () {
  this.timeout('4h');
  let cluster: RedisCluster;
  let lane: Lane | undefined;

  before(async function () {
    cluster = await startRedisCluster(this, '--notify-keyspace-events', 'Eg$xem');
    lane = await startLane(cluster);
  });

  after(async () => {
    await lane?.stop();
    await cluster?.stop();
  });

  it('ends in time with an honest answer', async () => new Matrix('Redis cluster', [lane!]).run());

  it('leaves no tagged entry that a flush of its tag misses', async () => expectReachable('Redis cluster', lane!));

  it('continues after the server ended idle connections', async function () {
    await expectNewConnections(this, lane!);
  });
});

/** Proxies in front of the nodes. The nodes announce them, so that clients find nothing else. */
async function startLane({ nodes }: RedisCluster): Promise<Lane> {
  const plan = new FaultPlan();
  const proxies = await Promise.all(nodes.map(async ({ port }) => startFaultProxy(port, { plan })));
  const ports = proxies.map(({ port }) => port);
  for (const [index, { client }] of nodes.entries()) await client.config('SET', 'cluster-announce-port', ports[index]!);
  for (const { client } of nodes) {
    // Each node learns the ports of the others by gossip.
    await until(async () => {
      const known = String(await client.call('CLUSTER', 'NODES'));
      return ports.every((port) => known.includes(`:${port}@`));
    });
  }

  return {
    plan,
    url: (prefix) => `redis+cluster://127.0.0.1:${proxies[0]!.port}?prefix=${prefix}`,
    async endAll() {
      await Promise.all(proxies.map(async (proxy) => proxy.endAll()));
    },
    async refuse() {
      await Promise.all(proxies.map(async (proxy) => proxy.cut()));
    },
    async mend() {
      await Promise.all(proxies.map(async (proxy) => proxy.mend()));
    },
    async stop() {
      await Promise.all(proxies.map(async (proxy) => proxy.stop()));
    },
  };
}
