import type { ServerStats, StatsOptions, StoreStats } from '../contract/stats.js';
import type { MemcachedContext } from './context.js';
import type { Node } from './protocol/node.js';

import { CachectlError } from '../../errors.js';
import { isTagIdKey } from './keys.js';
import { dump } from './listing/dump.js';

/** With more items, entries under the prefix are not counted. A dump of this many takes milliseconds. */
const FEW = 10_000;

/**
 * Statistics of every server in the pool, with SASL over the binary protocol.
 * @throws the first error if no server answered
 */
export async function stats(
  context: MemcachedContext,
  { signal, brief = false }: StatsOptions = {},
): Promise<StoreStats> {
  signal?.throwIfAborted();
  const { connection } = context;
  const servers = await Promise.all(connection.nodes.map(async (node) => serverStats(node)));
  const [failure] = servers.some((server) => server.failure === undefined)
    ? []
    : servers.map((server) => server.failure);
  if (failure) throw failure;
  const underPrefix = brief ? undefined : await countUnder(context, servers, signal);
  return { servers, ...(underPrefix !== undefined && { underPrefix }), notes: [] };
}

async function serverStats(node: Node): Promise<ServerStats> {
  const name = node.location.replace(/^memcached /, '');
  try {
    const [general, slabs] = await Promise.all([node.stats(''), node.stats('slabs')]);
    return { name, ...factsOf(general, slabs) };
  } catch (error) {
    if (error instanceof CachectlError) return { name, failure: error };
    throw error;
  }
}

/** Memcached counts each kind of command separately. */
const COMMANDS = [
  'cmd_get',
  'cmd_set',
  'cmd_flush',
  'cmd_touch',
  'cmd_meta',
  'delete_hits',
  'delete_misses',
  'incr_hits',
];
const MORE_COMMANDS = ['incr_misses', 'decr_hits', 'decr_misses', 'cas_hits', 'cas_misses', 'cas_badval'];

/** Expired items are removed when they are requested, when memory is needed, or by the crawler. */
const EXPIRED = ['get_expired', 'reclaimed', 'crawler_reclaimed'];

function factsOf(general: ReadonlyMap<string, string>, slabs: ReadonlyMap<string, string>): Omit<ServerStats, 'name'> {
  const fact = <Name extends string>(name: Name, value: number | undefined): { [Key in Name]?: number } =>
    (value === undefined ? {} : { [name]: value }) as { [Key in Name]?: number };
  const number = (name: string, from = general): number | undefined => {
    const text = from.get(name);
    return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
  };

  const sum = (names: readonly string[]): number | undefined => {
    const known = names.map((name) => number(name)).filter((value) => value !== undefined);
    return known.length === 0 ? undefined : known.reduce((one, other) => one + other, 0);
  };

  const version = general.get('version');
  return {
    software: 'Memcached',
    ...(version !== undefined && { version }),
    ...fact('uptime', number('uptime')),
    ...fact('entries', number('curr_items')),
    ...fact('bytes', number('bytes')),
    ...fact('maxBytes', number('limit_maxbytes')),
    ...fact('hits', number('get_hits')),
    ...fact('misses', number('get_misses')),
    ...fact('evictions', number('evictions')),
    ...fact('expired', sum(EXPIRED)),
    ...fact('memory', number('total_malloced', slabs)),
    ...fact('clients', number('curr_connections')),
    ...fact('commands', sum([...COMMANDS, ...MORE_COMMANDS])),
    details: detailsOf(number),
  };
}

const DETAILS = {
  maxClients: { name: 'max_connections' },
  rejectedConnections: { name: 'rejected_connections' },
  evictedUnfetched: { name: 'evicted_unfetched' },
  threads: { name: 'threads' },
} as const;

function detailsOf(number: (name: string) => number | undefined): NonNullable<ServerStats['details']> {
  return Object.fromEntries(
    Object.entries(DETAILS).flatMap(([key, { name }]) => {
      const value = number(name);
      return value === undefined ? [] : [[key, { value }]];
    }),
  );
}

/** Includes locks: telling them from entries would mean reading each small item. */
async function countUnder(
  context: MemcachedContext,
  servers: readonly ServerStats[],
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const { metaNodes, nodes } = context.connection;
  const whole = servers.reduce((total, { entries = Infinity }) => total + entries, 0);
  if (metaNodes.length < nodes.length || whole > FEW) return undefined;
  let found = 0;
  for (const node of metaNodes) {
    for await (const page of dump(node, context, { signal })) {
      found += page.filter(({ full }) => !isTagIdKey(context.keys.short(full))).length;
    }
  }

  return found;
}
