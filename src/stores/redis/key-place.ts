import type { Reply } from './client/command.js';
import type { Connection } from './connection.js';

import { RefusedError } from '../../errors.js';

/** Where a key is stored: `{server}`, or on a cluster `{server, node, slot}` if the cluster allows the question. */
export async function placeOf(
  connection: Connection,
  full: string,
): Promise<Readonly<Record<string, number | string>>> {
  if (!connection.isCluster) return { server: connection.location };
  try {
    const slot = Number(await connection.call('CLUSTER', 'KEYSLOT', full));
    const ranges = (await connection.call('CLUSTER', 'SLOTS')) as readonly Reply[];
    const node = nodeOf(slot, ranges, connection.settings.nodes[0]?.host ?? '');
    return { server: connection.location, ...(node !== undefined && { node }), slot };
  } catch (error) {
    if (error instanceof RefusedError) return { server: connection.location };
    throw error;
  }
}

/**
 * The primary of a slot. A range of CLUSTER SLOTS is first, last, then `[host, port, id]` of the primary and its
 * replicas.
 * @param asked the host of nodes that announce none
 */
function nodeOf(slot: number, ranges: readonly Reply[], asked: string): string | undefined {
  for (const range of ranges) {
    const [first, last, primary] = range as readonly [Reply, Reply, readonly Reply[]];
    if (slot < Number(first) || slot > Number(last)) continue;
    const [host, port] = primary;
    const isAnnounced = host !== null && !['', '?'].includes(String(host));
    return `${isAnnounced ? String(host) : asked}:${String(port)}`;
  }

  return undefined;
}
