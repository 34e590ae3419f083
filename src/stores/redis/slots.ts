import type { Connection, Node } from './connection.js';

import { UnreachableError } from '../../errors.js';
import { isUnavailable } from './errors.js';
import { count } from './replies.js';

/** Who knows whether keys moved from server to server. */
export interface SlotsWatch {
  /** @throws UnreachableError when they did, since the watch began */
  check(): Promise<void>;
}

/**
 * A key that moves to a server of a cluster that was scanned already is found nowhere, and one that moves the other way
 * twice; the servers say nothing of it. So what they say of their slots is held against what they said before.
 */
export async function watchSlots(connection: Connection): Promise<SlotsWatch> {
  if (!connection.isCluster) return { async check() {} };
  const nodes = await connection.nodes();
  const before = await slotsOf(nodes);
  return {
    async check() {
      if (before !== undefined && (await slotsOf(nodes)) !== before) throw moved(connection.location);
    },
  };
}

/** Undefined where that may not be asked. */
async function slotsOf(nodes: readonly Node[]): Promise<string | undefined> {
  try {
    return (await Promise.all(nodes.map(async (node) => slotsOfOne(node)))).join('\n');
  } catch (error) {
    if (isUnavailable(error)) return undefined;
    throw error;
  }
}

/** Of slots on their way here also how many keys have come: a move that was given up leaves them so, and nothing moves. */
async function slotsOfOne(node: Node): Promise<string> {
  const all = String(await node.call('CLUSTER', 'NODES')).split('\n');
  const slots = slotsIn(all.find((line) => line.includes('myself')) ?? '');
  const coming = slots.flatMap((slot) => /^\[(\d+)-<-/.exec(slot)?.[1] ?? []);
  const come = await Promise.all(coming.map(async (slot) => node.call('CLUSTER', 'COUNTKEYSINSLOT', slot)));
  return [node.id, ...slots, ...come.map((keys) => count(keys))].join(' ');
}

/** A line of CLUSTER NODES has eight fields, then `0-5460`, `5462`, and of what moves `[93->-id]` and `[93-<-id]`. */
function slotsIn(line: string): readonly string[] {
  return line.split(' ').slice(8);
}

function moved(location: string): UnreachableError {
  return new UnreachableError(
    `slots of the ${location} moved from server to server meanwhile: keys may have been missed, or come twice`,
    'Run it again when they have moved; `redis-cli --cluster check` says whether some still do.',
  );
}
