import type { ServerStats, StatsOptions, StoreStats } from '../../contract/stats.js';
import type { Node } from '../client/command.js';
import type { RedisContext } from '../context.js';

import { CachectlError, RefusedError } from '../../../errors.js';
import { isTagSetKey } from '../../tags/names.js';
import { count } from '../client/replies.js';
import { scan } from '../keys.js';
import { parseInfo, serverFacts } from './server-info.js';

/** How many keys a database may hold for those under the prefix to be counted: ten steps of a scan. */
const FEW = 10_000;

/**
 * INFO and DBSIZE of the server, or of each primary of a cluster. Whoever may not ask for one of them gets what the other
 * tells.
 * @throws what the server said, when none could be asked
 */
export async function stats(context: RedisContext, { signal, brief = false }: StatsOptions = {}): Promise<StoreStats> {
  signal?.throwIfAborted();
  const { connection } = context;
  const notes = new Set<string>();
  // Whoever looks again and again wants those that took the place of others, too.
  const nodes = brief ? await connection.nodesAnew() : await connection.nodes();
  const servers = await Promise.all(
    nodes.map(async (node) => serverStats(node, connection.database, (note) => notes.add(note))),
  );
  const [failure] = servers.some((server) => server.failure === undefined)
    ? []
    : servers.map((server) => server.failure);
  if (failure) throw failure;
  const underPrefix = brief ? undefined : await countUnder(context, servers, signal);
  return { servers, ...(underPrefix !== undefined && { underPrefix }), notes: [...notes] };
}

async function serverStats(node: Node, database: number, say: (note: string) => void): Promise<ServerStats> {
  const name = node.address;
  try {
    const [info, size] = await node.batch([['INFO'], ['DBSIZE']]);
    const facts = told(info!, say) ? serverFacts(parseInfo(String(info)), database) : {};
    return { name, ...facts, ...(told(size!, say) && { entries: count(size!) }) };
  } catch (error) {
    if (error instanceof CachectlError) return { name, failure: error };
    throw error;
  }
}

/** Whether it is an answer; a refusal is said instead. */
function told(reply: unknown, say: (note: string) => void): boolean {
  if (!(reply instanceof Error)) return true;
  if (!(reply instanceof RefusedError)) throw reply;
  say(`${reply.message}; ${reply.hint.charAt(0).toLowerCase()}${reply.hint.slice(1)}`);
  return false;
}

/** Locks among the entries are counted, too: to tell them from entries each would have to be read. */
async function countUnder(
  { connection, keys }: RedisContext,
  servers: readonly ServerStats[],
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const sizes = servers.map(({ entries }) => entries ?? Infinity);
  if (sizes.reduce((sum, size) => sum + size, 0) > FEW) return undefined;
  const names = new Set<string>();
  for await (const page of scan(connection, keys, signal)) {
    for (const key of page) if (!isTagSetKey(keys.short(key))) names.add(key.toString('latin1'));
  }

  return names.size;
}
