import type { Connection } from '../connection.js';
import type { Node } from './command.js';

import { UnreachableError } from '../../../errors.js';
import { isUnavailable } from '../errors.js';
import { count } from './replies.js';
import { missingSlots } from './slot-map.js';

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
  if (!connection.isCluster) {
    // Finds out whether it is one of several, which is told before anything is listed.
    await connection.nodes();
    return { async check() {} };
  }

  const nodes = await connection.nodes();
  const before = await slotsOf(nodes);
  if (before !== undefined) checkCoverage(before, connection.location);
  return {
    async check() {
      if (before !== undefined && textOf((await slotsOf(nodes)) ?? []) !== textOf(before)) {
        throw moved(connection.location);
      }
    },
  };
}

interface NodeSlots {
  readonly id: string;
  /** `0-5460`, `5462`, and what moves. */
  readonly slots: readonly string[];
  /** Keys that have come, of each slot that is on its way here. */
  readonly come: readonly number[];
}

/** Undefined where that may not be asked. */
async function slotsOf(nodes: readonly Node[]): Promise<readonly NodeSlots[] | undefined> {
  try {
    return await Promise.all(nodes.map(async (node) => slotsOfOne(node)));
  } catch (error) {
    if (isUnavailable(error)) return undefined;
    throw error;
  }
}

/** How many keys have come is asked, too: a move that was given up leaves slots on their way, and nothing moves. */
async function slotsOfOne(node: Node): Promise<NodeSlots> {
  const all = String(await node.call('CLUSTER', 'NODES')).split('\n');
  const slots = slotsIn(all.find((line) => line.includes('myself')) ?? '');
  const coming = slots.flatMap((slot) => /^\[(\d+)-<-/.exec(slot)?.[1] ?? []);
  const come = await Promise.all(coming.map(async (slot) => node.call('CLUSTER', 'COUNTKEYSINSLOT', slot)));
  return { id: node.id, slots, come: come.map((keys) => count(keys)) };
}

function textOf(nodes: readonly NodeSlots[]): string {
  return nodes.map(({ id, slots, come }) => [id, ...slots, ...come].join(' ')).join('\n');
}

/**
 * What servers say of themselves may differ from what one said of all.
 * @throws UnreachableError that names slots which none of them has
 */
function checkCoverage(nodes: readonly NodeSlots[], location: string): void {
  const ranges = nodes
    .flatMap(({ slots }) => slots)
    .flatMap((slot) => {
      const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(slot) ?? [];
      return first === undefined ? [] : [{ first: Number(first), last: Number(last) }];
    });
  const missing = missingSlots(ranges);
  if (missing === '') return;
  throw new UnreachableError(
    `no primary of the ${location} claims ${missing}: their keys would be missed`,
    'Run the command again once the nodes agree. To check: redis-cli --cluster check HOST:PORT',
  );
}

/** A line of CLUSTER NODES has eight fields, then `0-5460`, `5462`, and of what moves `[93->-id]` and `[93-<-id]`. */
function slotsIn(line: string): readonly string[] {
  return line.split(' ').slice(8);
}

function moved(location: string): UnreachableError {
  return new UnreachableError(
    `slots of the ${location} moved between servers in the meantime: keys may have been missed or seen twice`,
    'Run the command again once the migration is done. To check: redis-cli --cluster check HOST:PORT',
  );
}
