import type { Context } from 'mocha';

import { until } from '../../src/testing/suite/stores.js';
import { type FaultProxy, startFaultProxy } from './fault-proxy.js';
import { type RedisSentinel, startRedisSentinel } from './redis-sentinel.js';
import { freePort, type RedisServer, startServer } from './redis-server.js';

/** A server behind a proxy. Clients and the other servers know only the port of the proxy. */
export interface Member {
  readonly server: RedisServer;
  readonly proxy: FaultProxy;
}

interface ClusterMember extends Member {
  readonly busPort: number;
}

/** Servers with replicas, one of which replaces a primary that is killed. */
export interface Deployment {
  /** URL of the deployment, which names every server or sentinel. */
  url(prefix: string): string;
  /** The primaries, in the order of their slots. */
  readonly primaries: readonly Member[];
  /** The replica of each primary. */
  readonly replicas: readonly Member[];
  /** Have the replica take over at once. The primary must be dead. Resolves once everyone knows. */
  promote(index: number): Promise<void>;
  /** Resolves once the servers have replaced the primary by themselves. */
  replaced(index: number): Promise<void>;
  /** Start another replica of the new primary after `promote` or `replaced`. */
  revive(index: number): Promise<void>;
  stop(): Promise<void>;
}

const SLOTS = 16_384;
const PRIMARIES = 3;

const COMMON = ['--repl-diskless-sync-delay', '0', '--notify-keyspace-events', 'Eg$xem'];

/** Requests of servers and sentinels to each other, and the greeting of a client. */
const GREETING = /\b(?:AUTH|CLIENT|CLUSTER|CONFIG|INFO|PING|PSYNC|PUBLISH|REPLCONF|REPLICAOF|SELECT|SLAVEOF)\b/i;

/** Whether this is a message of a command at work. */
export function isWork(message: Buffer): boolean {
  return !GREETING.test(message.subarray(0, 100).toString('latin1'));
}

/** Resolves once the replica has everything that the primary has written. */
export async function replicated(primary: RedisServer, replica: RedisServer): Promise<void> {
  await until(async () => {
    const [ahead, behind] = await Promise.all([primary, replica].map(async (server) => offsetOf(server)));
    return ahead === behind;
  });
}

async function offsetOf({ client }: RedisServer): Promise<string | undefined> {
  const info = await client.info('replication');
  if (info.includes('role:slave') && !info.includes('master_link_status:up')) return undefined;
  return /master_repl_offset:(\d+)/.exec(info)?.[1];
}

/** Whether this node of a cluster is connected to the other one. */
async function knows(client: RedisServer['client'], other: RedisServer['client']): Promise<boolean> {
  const [id, nodes] = await Promise.all([other.cluster('MYID'), client.call('CLUSTER', 'NODES')]);
  return String(nodes)
    .split('\n')
    .some((line) => line.startsWith(String(id)) && / connected\b/.test(line));
}

/**
 * Start three primaries and three replicas.
 * @param nodeTimeout milliseconds after which a node that is silent is replaced
 */
export async function startReplicatedCluster(context: Context, nodeTimeout: number): Promise<Deployment> {
  const all: Member[] = [];
  const primaries: Member[] = [];
  const replicas: Member[] = [];
  const alive = (): readonly Member[] => [...new Set([...primaries, ...replicas])];
  const stop = async (): Promise<void> => {
    await Promise.all(all.map(async ({ server, proxy }) => Promise.all([proxy.stop(), server.stop()])));
  };

  const newNode = async (): Promise<ClusterMember> => {
    const [port, busPort] = [await freePort(), await freePort()];
    const proxy = await startFaultProxy(port);
    const options = ['--cluster-enabled', 'yes', '--cluster-port', String(busPort), '--port', String(port)];
    const timing = ['--cluster-node-timeout', String(nodeTimeout), ...COMMON];
    const announced = ['--cluster-announce-port', String(proxy.port)];
    const server = await startServer(context, 'redis-server', [...options, ...timing, ...announced]);
    const member = { server, proxy, busPort };
    all.push(member);
    return member;
  };

  /**
   * Resolves once the node and the others are connected to each other. If it met only one of them, the others would
   * learn of it by gossip, which ends when that one is killed: it could then take over without their knowledge.
   */
  const join = async ({ server: { client, port }, busPort }: ClusterMember): Promise<void> => {
    for (const { server: other } of alive()) {
      await until(async () => {
        const known = await Promise.all([knows(client, other.client), knows(other.client, client)]);
        if (known.every(Boolean)) return true;
        await other.client.call('CLUSTER', 'MEET', '127.0.0.1', port, busPort);
        return false;
      });
    }
  };

  const replicaOf = async (primary: Member): Promise<Member> => {
    const member = await newNode();
    await join(member);
    const id = String(await primary.server.client.cluster('MYID'));
    const { client } = member.server;
    await until(async () => (await client.call('CLUSTER', 'REPLICATE', id).catch(() => '')) === 'OK');
    await until(async () => (await client.info('replication')).includes('master_link_status:up'));
    return member;
  };

  /** Resolves once every node sends clients to these primaries. */
  const agreed = async (): Promise<void> => {
    const ports = new Set(primaries.map(({ proxy }) => proxy.port));
    for (const { server } of alive()) {
      await until(async () => {
        if (!(await server.client.cluster('INFO')).includes('cluster_state:ok')) return false;
        const ranges = (await server.client.call('CLUSTER', 'SLOTS')) as Array<[number, number, [string, number]]>;
        return ranges.length === PRIMARIES && ranges.every(({ 2: [, port] }) => ports.has(Number(port)));
      });
    }
  };

  try {
    for (let index = 0; index < PRIMARIES; index++) {
      const member = await newNode();
      const bounds = [index, index + 1].map((at) => Math.ceil((at * SLOTS) / PRIMARIES));
      await member.server.client.cluster('ADDSLOTSRANGE', bounds[0]!, bounds[1]! - 1);
      await member.server.client.cluster('SET-CONFIG-EPOCH', index + 1);
      await join(member);
      primaries.push(member);
    }

    for (const primary of primaries) replicas.push(await replicaOf(primary));
    await agreed();
  } catch (error) {
    await stop();
    throw error;
  }

  const changePlaces = async (index: number): Promise<void> => {
    primaries[index] = replicas[index]!;
    replicas.splice(index, 1, primaries[index]!);
    await agreed();
  };

  return {
    url: (prefix) => `redis+cluster://${addresses(alive().map(({ proxy }) => proxy.port))}?prefix=${prefix}`,
    primaries,
    replicas,
    async promote(index) {
      const { client } = replicas[index]!.server;
      await client.call('CLUSTER', 'FAILOVER', 'TAKEOVER');
      await changePlaces(index);
    },
    replaced: changePlaces,
    async revive(index) {
      replicas[index] = await replicaOf(primaries[index]!);
      await agreed();
    },
    stop,
  };
}

/**
 * Start a primary, a replica and three sentinels.
 * @param downAfter milliseconds after which a server that is silent is replaced
 */
export async function startSentinelSet(context: Context, downAfter: number): Promise<Deployment> {
  const all: Member[] = [];
  const sentinels: RedisSentinel[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(sentinels.map(async (sentinel) => sentinel.stop()));
    await Promise.all(all.map(async ({ server, proxy }) => Promise.all([proxy.stop(), server.stop()])));
  };

  const newServer = async (...options: string[]): Promise<Member> => {
    const port = await freePort();
    const proxy = await startFaultProxy(port);
    const announced = ['--replica-announce-ip', '127.0.0.1', '--replica-announce-port', String(proxy.port)];
    const fixed = ['--port', String(port), ...COMMON, ...announced];
    const member = { server: await startServer(context, 'redis-server', [...fixed, ...options]), proxy };
    all.push(member);
    return member;
  };

  const replicaOf = async ({ proxy }: Member): Promise<Member> => {
    const member = await newServer('--replicaof', '127.0.0.1', String(proxy.port));
    await until(async () => (await member.server.client.info('replication')).includes('master_link_status:up'));
    return member;
  };

  const known = async (member: Member): Promise<void> => {
    for (const { client } of sentinels) {
      await until(async () => {
        const replicas = (await client.call('SENTINEL', 'REPLICAS', 'mymaster')) as string[][];
        return replicas.some((fields) => fields.includes(String(member.proxy.port)) && fields.includes('ok'));
      });
    }
  };

  const primaries: Member[] = [];
  const replicas: Member[] = [];
  try {
    primaries.push(await newServer());
    replicas.push(await replicaOf(primaries[0]!));
    for (let count = 0; count < 3; count++) {
      sentinels.push(await startRedisSentinel(context, primaries[0]!.proxy.port, { quorum: 2, downAfter }));
    }

    await known(replicas[0]!);
    for (const { client } of sentinels) {
      await until(async () => ((await client.call('SENTINEL', 'SENTINELS', 'mymaster')) as unknown[]).length === 2);
    }
  } catch (error) {
    await stop();
    throw error;
  }

  const replaced = async (): Promise<void> => {
    const { port } = replicas[0]!.proxy;
    for (const { client } of sentinels) {
      await until(async () => {
        const [, known] = (await client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'mymaster')) as string[];
        return Number(known) === port;
      });
    }

    primaries[0] = replicas[0]!;
  };

  return {
    url: (prefix) =>
      `redis+sentinel://${addresses(sentinels.map(({ port }) => port))}/0?primary=mymaster&prefix=${prefix}`,
    primaries,
    replicas,
    async promote() {
      await sentinels[0]!.client.call('SENTINEL', 'FAILOVER', 'mymaster');
      await replaced();
    },
    replaced,
    async revive() {
      replicas[0] = await replicaOf(primaries[0]!);
      await known(replicas[0]);
    },
    stop,
  };
}

function addresses(ports: readonly number[]): string {
  return ports.map((port) => `127.0.0.1:${port}`).join(',');
}
