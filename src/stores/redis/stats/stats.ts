import type { ServerStats, StatsOptions, StoreStats } from '../../contract/stats.js';
import type { Node } from '../client/command.js';
import type { RedisContext } from '../context.js';

import { CachectlError, RefusedError } from '../../../errors.js';
import { isTagSetKey } from '../../tags/names.js';
import { count } from '../client/replies.js';
import { scan } from '../keys.js';
import { parseInfo, serverFacts } from './server-info.js';

/** Keys under the prefix are counted if the database has at most this many: ten SCAN calls. */
const FEW = 10_000;

/**
 * INFO and DBSIZE of the server, or of each primary of a cluster. If one of the two is refused, the other is used.
 * @throws the error of the server, if all servers failed
 */
export async function stats(context: RedisContext, { signal, brief = false }: StatsOptions = {}): Promise<StoreStats> {
  signal?.throwIfAborted();
  const { connection } = context;
  const notes = new Set<string>();
  // A live view also needs the primaries that replaced others.
  const nodes = brief ? await connection.refreshedNodes() : await connection.nodes();
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

async function serverStats(node: Node, database: number, addNote: (note: string) => void): Promise<ServerStats> {
  const name = node.address;
  try {
    const [info, size] = await node.batch([['INFO'], ['DBSIZE']]);
    const facts = isAllowed(info!, addNote) ? serverFacts(parseInfo(String(info)), database) : {};
    return { name, ...facts, ...(isAllowed(size!, addNote) && { entries: count(size!) }) };
  } catch (error) {
    if (error instanceof CachectlError) return { name, failure: error };
    throw error;
  }
}

/** Whether the command was allowed. A refusal becomes a note. */
function isAllowed(reply: unknown, addNote: (note: string) => void): boolean {
  if (!(reply instanceof Error)) return true;
  if (!(reply instanceof RefusedError)) throw reply;
  addNote(`${reply.message}; ${reply.hint.charAt(0).toLowerCase()}${reply.hint.slice(1)}`);
  return false;
}

/** Includes locks: to distinguish them, each value would have to be read. */
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
