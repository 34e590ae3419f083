import type { Connection } from '../connection.js';

import { MIN_BULK } from '../client/bulk-by-node.js';
import { slotOf } from '../client/key-slot.js';
import { count, wholeNumber } from '../client/replies.js';

/** Keys per command. */
const MAX_AT_ONCE = 1000;

/** How many keys existed. With a failure, others may be left. */
export interface Unlinked {
  readonly removed: number;
  readonly failure?: unknown;
}

/**
 * Remove stored keys of a cluster on all of its servers at once: with one command for the keys of a slot, because a
 * command cannot name keys of several. A script would cost the server half as much again for each key.
 */
export async function unlinkAll(connection: Connection, keys: readonly Buffer[]): Promise<Unlinked> {
  if (keys.length < MIN_BULK) return unlinkEach(connection, keys);
  const shares = await connection.shares(keys);
  const outcomes = await Promise.all(
    shares.map(async ({ node, at }) => {
      const some = at.map((index) => keys[index]!);
      return node === undefined ? unlinkEach(connection, some) : unlinkOn(connection, node, some);
    }),
  );
  return total(outcomes);
}

/** Remove many members of a tag's set. On a cluster, they would cost ioredis several times what the server needs. */
export async function removeMembers(connection: Connection, set: string, members: readonly Buffer[]): Promise<void> {
  const command = ['ZREM', set, ...members] as const;
  const [node] = members.length < MIN_BULK ? [] : (await connection.shares([set])).map((share) => share.node);
  if (node !== undefined) {
    const bulk = await connection.bulk(node);
    const writer = bulk.writer();
    writer.command(command);
    const { redirected, failure } = await bulk.send(writer);
    if (failure !== undefined) throw failure;
    if (redirected.length === 0) return;
  }

  await connection.call(...command);
}

async function unlinkOn(connection: Connection, node: { id: string }, keys: readonly Buffer[]): Promise<Unlinked> {
  const bulk = await connection.bulk(node);
  const writer = bulk.writer();
  const groups = bySlot(keys);
  for (const group of groups) writer.command(['UNLINK', ...group]);
  const { sum, redirected, failure } = await bulk.send(writer);
  const here = { removed: wholeNumber(sum), failure };
  if (failure !== undefined || redirected.length === 0) return here;
  const rest = redirected.flatMap((position) => groups[position]!);
  return total([here, await unlinkEach(connection, rest)]);
}

function bySlot(keys: readonly Buffer[]): ReadonlyArray<readonly Buffer[]> {
  const groups: Buffer[][] = [];
  const open = new Map<number, Buffer[]>();
  for (const key of keys) {
    const slot = slotOf(key);
    const group = open.get(slot);
    if (group !== undefined && group.length < MAX_AT_ONCE) group.push(key);
    else {
      const next = [key];
      open.set(slot, next);
      groups.push(next);
    }
  }

  return groups;
}

async function unlinkEach(connection: Connection, keys: readonly Buffer[]): Promise<Unlinked> {
  const replies = await connection.batch(keys.map((key) => ['UNLINK', key]));
  return total(
    replies.map((reply) => (reply instanceof Error ? { removed: 0, failure: reply } : { removed: count(reply) })),
  );
}

function total(outcomes: readonly Unlinked[]): Unlinked {
  return {
    removed: outcomes.reduce((sum, { removed }) => sum + removed, 0),
    failure: outcomes.find(({ failure }) => failure !== undefined)?.failure,
  };
}
