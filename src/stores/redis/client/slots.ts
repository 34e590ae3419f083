import type { Connection } from '../connection.js';
import type { Node } from './command.js';

import { UnreachableError } from '../../../errors.js';
import { isUnavailable } from '../errors.js';
import { count } from './replies.js';
import { missingSlots } from './slot-map.js';

/** Detects slot migrations during a listing. */
export interface SlotsWatch {
  /** Whether slots may have been on their way between servers when the watch began. Scripts cannot use their keys. */
  readonly areMoving: boolean;
  /** @throws UnreachableError if slots moved since the watch began */
  check(): Promise<void>;
}

/**
 * Watch for slot migrations. A scan misses a key that moves to a server that was already scanned, and returns a key
 * twice that moves the other way. Servers do not report this, so their slot maps are compared before and after.
 */
export async function watchSlots(connection: Connection): Promise<SlotsWatch> {
  if (!connection.isCluster) {
    // This detects one of several nodes before anything is listed.
    await connection.nodes();
    return { areMoving: false, async check() {} };
  }

  const nodes = await connection.nodes();
  const before = await slotsOf(nodes);
  if (before !== undefined) checkCoverage(before, connection.location);
  return {
    areMoving: before === undefined || before.some(({ slots }) => slots.some((slot) => slot.startsWith('['))),
    async check() {
      if (before !== undefined && textOf((await slotsOf(nodes)) ?? []) !== textOf(before)) {
        throw moved(connection.location);
      }
    },
  };
}

interface NodeSlots {
  readonly id: string;
  /** `0-5460`, `5462`, and slots that are migrating. */
  readonly slots: readonly string[];
  /** The number of keys that have arrived, for each slot being imported. */
  readonly come: readonly number[];
}

/** Undefined if the server refuses CLUSTER NODES. */
async function slotsOf(nodes: readonly Node[]): Promise<readonly NodeSlots[] | undefined> {
  try {
    return await Promise.all(nodes.map(async (node) => slotsOfOne(node)));
  } catch (error) {
    if (isUnavailable(error)) return undefined;
    throw error;
  }
}

/**
 * Includes the keys that have arrived: an abandoned migration leaves slots marked as importing although no key moves.
 */
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
 * Check the servers' own slots, which may differ from the slot map that one of them sent.
 * @throws UnreachableError that names the unclaimed slots
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

/**
 * A line of CLUSTER NODES has eight fields, then slots: `0-5460`, `5462`, and for migrations `[93->-id]` and
 * `[93-<-id]`.
 */
function slotsIn(line: string): readonly string[] {
  return line.split(' ').slice(8);
}

function moved(location: string): UnreachableError {
  return new UnreachableError(
    `slots of the ${location} moved between servers during the command: keys may have been missed or seen twice`,
    'Run the command again once the migration is done. To check: redis-cli --cluster check HOST:PORT',
  );
}
