import type { Command, Node } from './command.js';

import { RefusedError } from '../../../errors.js';
import { answerOf } from '../errors.js';
import { missingSlots, type SlotReply } from './slot-map.js';

/** How many keys to probe if CLUSTER SLOTS is not available. */
const PROBES = 100;

/** What is known about a server that holds all keys. */
export interface ServerTopology {
  /** The server has hash slots, so one command cannot name keys in several of them. */
  readonly hasSlots: boolean;
}

/**
 * Check that a server holds all keys. A cluster node scans and counts only its own keys and does not mention the
 * others. A node that serves every slot holds all keys, and so does a single endpoint in front of a cluster.
 * @param prefix of keys that this user may read
 * @throws RefusedError for one of several nodes
 */
export async function checkServesAll(
  node: Pick<Node, 'batch'>,
  { location, prefix }: { readonly location: string; readonly prefix: string },
): Promise<ServerTopology> {
  const [reply] = await node.batch([['CLUSTER', 'SLOTS']]);
  if (!(reply instanceof Error)) {
    const slots = Array.isArray(reply) ? (reply as unknown as SlotReply) : [];
    if (slots.length > 0 && !isAllOfOne(slots)) throw oneOfSeveral(location);
    return { hasSlots: slots.length > 0 };
  }

  // A client that has not logged in may be sent only 1 kB of replies, so the probes would end the connection.
  if (!(reply instanceof RefusedError) || answerOf(reply).startsWith('NOAUTH')) throw reply;
  if (/cluster support disabled/.test(answerOf(reply))) return { hasSlots: false };
  // CLUSTER SLOTS is not available, but a node redirects requests for another node's keys.
  const probes = Array.from({ length: PROBES }, (_, index): Command => ['EXISTS', `${prefix}cachectl:slot:${index}`]);
  const answers = await node.batch(probes);
  if (answers.some((answer) => /^(?:MOVED|ASK) /.test(answerOf(answer)))) throw oneOfSeveral(location);
  return { hasSlots: false };
}

/** Whether one primary serves every slot. Other nodes may be its replicas. */
function isAllOfOne(slots: SlotReply): boolean {
  const primaries = new Set(slots.map((range) => String(range[2]?.[2] ?? range[2]?.slice(0, 2).join(':'))));
  const ranges = slots.map(([first, last]) => ({ first: Number(first), last: Number(last) }));
  return primaries.size === 1 && missingSlots(ranges) === '';
}

function oneOfSeveral(location: string): RefusedError {
  return new RefusedError(
    `${location} is one node of a cluster and holds only some of the keys`,
    'Name the nodes under cluster: in the profile, or use redis+cluster:// in the URL.',
  );
}
