import type { Connection, Reply } from './connection.js';

import { RefusedError } from '../../errors.js';

/** `{server}`, or of a cluster `{node, slot}`, as far as the cluster tells. */
export async function placeOf(
  connection: Connection,
  full: string,
): Promise<Readonly<Record<string, number | string>>> {
  if (!connection.isCluster) return { server: connection.location };
  try {
    const slot = Number(await connection.call('CLUSTER', 'KEYSLOT', full));
    const node = nodeOf(slot, (await connection.call('CLUSTER', 'SLOTS')) as readonly Reply[]);
    return { server: connection.location, ...(node !== undefined && { node }), slot };
  } catch (error) {
    if (error instanceof RefusedError) return { server: connection.location };
    throw error;
  }
}

/** The primary that has a slot; a range of CLUSTER SLOTS is first, last, then `[host, port, id]` of the primary and replicas. */
function nodeOf(slot: number, ranges: readonly Reply[]): string | undefined {
  for (const range of ranges) {
    const [first, last, primary] = range as readonly [Reply, Reply, readonly Reply[]];
    if (slot < Number(first) || slot > Number(last)) continue;
    const [host, port] = primary;
    return `${String(host)}:${String(port)}`;
  }

  return undefined;
}
