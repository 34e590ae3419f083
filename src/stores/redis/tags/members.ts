import type { Command } from '../client/command.js';
import type { Connection } from '../connection.js';
import type { RedisContext } from '../context.js';

import { UndecodableError, WrongTypeError } from '../../../errors.js';
import { keyFromBytes } from '../../entries/key-text.js';
import { printKey } from '../../entries/printed-key.js';
import { count } from '../client/replies.js';

/** Members that are worked on in one step. */
export const PAGE = 1000;

/** A tag's sorted set, and how many members were counted in it. */
export interface TagSet {
  /** With prefixes. */
  readonly key: Buffer;
  readonly name: string;
  readonly members: number;
  /** Members whose score says that their entries have expired. */
  readonly expired: number;
}

export interface ScoredMember {
  /** As it stands in the set, packed where texts are. */
  readonly member: Buffer;
  /** The Unix time at which its entry expires, -1 for never; as the server writes it. */
  readonly score: Buffer;
}

/** Members of a tag's set; one that comes twice in a page is given once. @param set with prefixes */
export async function* memberPages(
  { connection }: RedisContext,
  set: Buffer | string,
  signal?: AbortSignal,
): AsyncGenerator<readonly ScoredMember[]> {
  let cursor = '0';
  do {
    signal?.throwIfAborted();
    const [next, flat] = await zscan(connection, set, cursor);
    cursor = String(next);
    const page = new Map<string, ScoredMember>();
    for (let at = 0; at < flat.length; at += 2) {
      const member = flat[at]!;
      page.set(member.toString('latin1'), { member, score: flat[at + 1]! });
    }

    if (page.size > 0) yield [...page.values()];
  } while (cursor !== '0');
}

async function zscan(connection: Connection, set: Buffer | string, cursor: string): Promise<[Buffer, Buffer[]]> {
  try {
    return (await connection.call('ZSCAN', set, cursor, 'COUNT', PAGE)) as [Buffer, Buffer[]];
  } catch (error) {
    if (!(error instanceof WrongTypeError)) throw error;
    throw new WrongTypeError(
      `${printKey(Buffer.isBuffer(set) ? keyFromBytes(set) : set)} is named like a tag set, but is not one`,
      'Inspect it with redis-cli, or remove it: cachectl forget KEY',
      { cause: error },
    );
  }
}

/** For each member whether its entry is there. */
export async function isThere(context: RedisContext, members: readonly ScoredMember[]): Promise<readonly boolean[]> {
  const commands = members.map(({ member }): Command => ['EXISTS', entryOf(context, member)]);
  const replies = await context.connection.batch(commands);
  return replies.map((reply) => count(reply) === 1);
}

/** How many members' entries are gone: where there is one server by a single question. */
export async function countGone(context: RedisContext, members: readonly ScoredMember[]): Promise<number> {
  const { connection } = context;
  if (!connection.keysApart) {
    const [there] = await connection.batch([['EXISTS', ...members.map(({ member }) => entryOf(context, member))]]);
    if (!connection.saysKeysApart(there)) return members.length - count(there!);
  }

  return (await isThere(context, members)).filter((is) => !is).length;
}

/** The full key of a member's entry. What does not unpack was written without packing. */
export function entryOf({ keys, packing }: RedisContext, member: Buffer): Buffer {
  return Buffer.concat([Buffer.from(keys.prefix), unpacked(packing.texts, member)]);
}

/** The Unix time by our clock, as Laravel goes by its own: the scores are made of it. */
export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

function unpacked(texts: RedisContext['packing']['texts'], member: Buffer): Buffer {
  try {
    return texts.unpack(member);
  } catch (error) {
    if (error instanceof UndecodableError) return member;
    throw error;
  }
}
