import type { Redis } from 'ioredis';

import type { Command, Reply } from './command.js';

import { answerOf, isRedirection } from '../errors.js';
import { slotOf } from './key-slot.js';

/** How to reach the nodes of a cluster. */
export interface Routes {
  /** Undefined if the primary of the slot is not known, or not connected. */
  primaryOf(slot: number): Redis | undefined;
  /** Send to one node in one write. */
  sendTo(node: Redis, commands: readonly Command[]): Promise<Array<Error | Reply>>;
  /** Let the cluster client route each command. */
  route(commands: readonly Command[]): Promise<Array<Error | Reply>>;
}

/** Below this number of commands, the cluster client routes them one by one. */
const FEW = 16;

/**
 * Send commands to the primaries of their keys, with one write for each. The cluster client needs several times as long
 * for each command. It gets those that a primary redirects, and those without a single key.
 */
export async function sendByNode(
  commands: readonly Command[],
  { primaryOf, sendTo, route }: Routes,
): Promise<Array<Error | Reply>> {
  if (commands.length < FEW) return route(commands);
  const { shares, rest } = byPrimary(
    commands.map((command) => keyOf(command)),
    primaryOf,
  );
  const replies: Array<Error | Reply> = [];
  await Promise.all(
    [...shares].map(async ([node, positions]) => {
      const some = positions.map((at) => commands[at]!);
      for (const [index, answer] of (await sendTo(node, some)).entries()) {
        if (answer instanceof Error && isRedirection(answerOf(answer))) rest.push(positions[index]!);
        else replies[positions[index]!] = answer;
      }
    }),
  );
  rest.sort((one, other) => one - other);
  const routed = await route(rest.map((at) => commands[at]!));
  for (const [index, at] of rest.entries()) replies[at] = routed[index]!;
  return replies;
}

interface Shares {
  /** The positions of keys, by the primary that has them. */
  readonly shares: ReadonlyMap<Redis, number[]>;
  /** Positions of keys whose primary is not known. */
  readonly rest: number[];
}

/** Group keys by primary. */
export function byPrimary(keys: ReadonlyArray<Buffer | string | undefined>, primaryOf: Routes['primaryOf']): Shares {
  const shares = new Map<Redis, number[]>();
  const rest: number[] = [];
  for (const [at, key] of keys.entries()) {
    const node = key === undefined ? undefined : primaryOf(slotOf(key));
    const share = node === undefined ? rest : shares.get(node);
    if (share === undefined) shares.set(node!, [at]);
    else share.push(at);
  }

  return { shares, rest };
}

/** Commands whose only key is their first argument. */
const FIRST = new Set(
  'EXISTS EXPIRE GET GETRANGE PERSIST PTTL SET STRLEN TYPE UNLINK ZADD ZCARD ZCOUNT ZREM ZSCORE'.split(' '),
);

/** Undefined if the command has several keys, or is not known here. */
function keyOf(command: Command): Buffer | string | undefined {
  const [name, first, second, third] = command;
  const mayHaveMore = name === 'EXISTS' || name === 'UNLINK';
  let key: Command[number] | undefined;
  if (FIRST.has(name) && !(mayHaveMore && command.length > 2)) key = first;
  else if (name === 'MEMORY' || name === 'OBJECT') key = second;
  else if (name === 'EVAL' && second === 1) key = third;
  return typeof key === 'number' ? undefined : key;
}
