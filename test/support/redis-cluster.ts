import type { Context } from 'mocha';

import type { Store } from '../../src/stores/contract/store.js';
import type { RedisServer } from './redis-server.js';

import { openCodec } from '../../src/codecs/open.js';
import { openRedis } from '../../src/stores/redis/store.js';
import { until } from '../../src/testing/suite/stores.js';
import { freePort, startServer } from './redis-server.js';

/** Primaries that share the slots of a cluster. */
export interface RedisCluster<Node extends ClusterNode = RedisServer> {
  readonly nodes: readonly Node[];
  stop(): Promise<void>;
}

const NODES = 3;
const SLOTS = 16_384;

/** What a server needs to join a cluster. */
type ClusterNode = Pick<RedisServer, 'client' | 'port' | 'stop'>;

/** A node, and the port of its cluster bus. */
type Member<Node extends ClusterNode = ClusterNode> = readonly [node: Node, busPort: number];

/** Start a cluster of three servers on free ports, and wait until each reports it as up. */
export async function startRedisCluster(context: Context, ...options: string[]): Promise<RedisCluster> {
  return startCluster(async (own) => startServer(context, 'redis-server', [...own, ...options]));
}

/**
 * Start a cluster of servers made by `startNode`.
 * @param size the number of primaries
 */
export async function startCluster<Node extends ClusterNode>(
  startNode: (options: readonly string[]) => Promise<Node>,
  size = NODES,
): Promise<RedisCluster<Node>> {
  const members: Array<Member<Node>> = [];
  const stop = async (): Promise<void> => {
    await Promise.all(members.map(([node]) => node.stop()));
  };

  try {
    while (members.length < size) {
      const busPort = await freePort();
      const own = ['--cluster-enabled', 'yes', '--cluster-port', String(busPort)];
      members.push([await startNode(own), busPort]);
    }

    await join(members);
  } catch (error) {
    await stop();
    throw error;
  }

  return { nodes: members.map(([node]) => node), stop };
}

/** A store with the prefix `app-`. The caller closes it. */
export async function openOnCluster(cluster: RedisCluster): Promise<Store> {
  const nodes = cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
  const connection = { kind: 'cluster', nodes, database: 0 } as const;
  const common = { driver: 'redis', name: 'test', codec: 'php', protected: false, connectionPrefix: '' } as const;
  return openRedis({ ...common, prefix: 'app-', connection }, openCodec('php'), { timeoutMs: 5000 });
}

async function join(members: readonly Member[]): Promise<void> {
  for (const [index, [{ client }]] of members.entries()) {
    const first = Math.ceil((index * SLOTS) / members.length);
    const last = Math.ceil(((index + 1) * SLOTS) / members.length) - 1;
    await client.cluster('ADDSLOTSRANGE', first, last);
    // Otherwise two nodes may start with the same epoch, which takes time to resolve.
    await client.cluster('SET-CONFIG-EPOCH', index + 1);
  }

  const [[first]] = members as [Member];
  for (const [{ port }, busPort] of members.slice(1)) {
    await first.client.call('CLUSTER', 'MEET', '127.0.0.1', port, busPort);
  }

  for (const [{ client }] of members) {
    await until(async () => {
      const info = await client.cluster('INFO');
      return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${members.length}`);
    });
  }
}
