import { Cluster, type RedisOptions as LibraryOptions, type Redis } from 'ioredis';

import type { RedisConnection } from '../../profiles/profile.js';

/** With the replies of RESP2 there is nothing to map. */
export type RedisOptions = Omit<LibraryOptions, 'replyMapping'>;

/** A client of a cluster, not connected yet. What is in `options` holds for its connections to the nodes. */
export function newCluster(nodes: RedisConnection['nodes'], options: RedisOptions, timeoutMs: number): Cluster {
  const cluster = new Cluster([...nodes], {
    redisOptions: options,
    lazyConnect: true,
    enableReadyCheck: false,
    clusterRetryStrategy: () => null,
    slotsRefreshTimeout: timeoutOfOne(nodes, timeoutMs),
    // A slot on the move is answered with MOVED or ASK, to be followed some times and no more.
    maxRedirections: 8,
    retryDelayOnClusterDown: 0,
    retryDelayOnFailover: 0,
  });
  cluster.on('+node', readSlotsAsNumbers);
  return cluster;
}

/** Nodes of a list, or sentinels, of which each has its turn before time is up; of a longer list the first so many. */
const MOST_TURNS = 3;

/**
 * How long one of several that are asked in turn may take to answer, in milliseconds, so that one that is silent, as a host
 * that is down is, does not use up the time of the others.
 */
export function timeoutOfOne({ length }: readonly unknown[], timeoutMs: number): number {
  return Math.ceil(timeoutMs / Math.max(1, Math.min(length, MOST_TURNS)));
}

/**
 * The library asks for the slots on a duplicate of a node's connection and counts from the first of a range to the last as
 * they came. As text "5461" is behind "10922": it would take such a range to be nobody's, ask any node, and be sent on by
 * MOVED, so that of two writes to one key the later could come first.
 */
function readSlotsAsNumbers(node: Redis): void {
  const duplicate = node.duplicate.bind(node) as (override?: RedisOptions) => Redis;
  node.duplicate = (override?: RedisOptions) => duplicate({ stringNumbers: false, ...override });
}
