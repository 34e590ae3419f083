import type { Command, Node } from './command.js';

import { RefusedError } from '../../../errors.js';
import { answerOf } from '../errors.js';
import { missingSlots, type SlotReply } from './slot-map.js';

/** Keys that are asked for where the server does not say which slots there are. */
const PROBES = 100;

/** How a server stands to clusters. */
export interface Standing {
  /** It keeps keys in slots, so that one command cannot name keys of several. */
  readonly hasSlots: boolean;
}

/**
 * A node of a cluster scans and counts its own keys alone, and never says that there are others. One that serves every slot
 * has all of them, as has a single endpoint that hides its cluster.
 * @param prefix of keys that this user may ask for
 * @throws RefusedError for one of several nodes
 */
export async function checkServesAll(
  node: Pick<Node, 'batch'>,
  { location, prefix }: { readonly location: string; readonly prefix: string },
): Promise<Standing> {
  const [reply] = await node.batch([['CLUSTER', 'SLOTS']]);
  if (!(reply instanceof Error)) {
    const slots = Array.isArray(reply) ? (reply as unknown as SlotReply) : [];
    if (slots.length > 0 && !isAllOfOne(slots)) throw oneOfSeveral(location);
    return { hasSlots: slots.length > 0 };
  }

  if (!(reply instanceof RefusedError)) throw reply;
  if (/cluster support disabled/.test(answerOf(reply))) return { hasSlots: false };
  // It does not say; but a node sends whoever asks for a key of another node away.
  const probes = Array.from({ length: PROBES }, (_, index): Command => ['EXISTS', `${prefix}cachectl:slot:${index}`]);
  const answers = await node.batch(probes);
  if (answers.some((answer) => /^(?:MOVED|ASK) /.test(answerOf(answer)))) throw oneOfSeveral(location);
  return { hasSlots: false };
}

/** One primary serves every slot; others may be its replicas. */
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
