import type { Command } from '../client/command.js';
import type { Connection } from '../connection.js';
import type { RedisContext } from '../context.js';

import { UndecodableError, WrongTypeError } from '../../../errors.js';
import { keyFromBytes } from '../../entries/key-text.js';
import { printKey } from '../../entries/printed-key.js';
import { count } from '../client/replies.js';

/** Members per step. */
export const PAGE = 1000;

/** A tag's sorted set and its counts. */
export interface TagSet {
  /** The stored key. */
  readonly key: Buffer;
  readonly name: string;
  readonly members: number;
  /** Members whose score says that their entries have expired. */
  readonly expired: number;
}

export interface ScoredMember {
  /** As stored, so packed where texts are packed. */
  readonly member: Buffer;
  /** The expiry of the entry, as a Unix time in seconds; -1 for never. In the server's spelling. */
  readonly score: Buffer;
}

/** Yield pages of a tag's members, without duplicates within a page. @param set the stored key */
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
      `${printKey(Buffer.isBuffer(set) ? keyFromBytes(set) : set)} is named like a tag set but is not one`,
      'Inspect it with redis-cli, or remove it: cachectl forget KEY',
      { cause: error },
    );
  }
}

/** Whether the entry of each member exists. */
export async function isThere(context: RedisContext, members: readonly ScoredMember[]): Promise<readonly boolean[]> {
  const commands = members.map(({ member }): Command => ['EXISTS', entryOf(context, member)]);
  const replies = await context.connection.batch(commands);
  return replies.map((reply) => count(reply) === 1);
}

/** Count the members whose entries do not exist. One command if there is one server. */
export async function countGone(context: RedisContext, members: readonly ScoredMember[]): Promise<number> {
  const { connection } = context;
  if (!connection.keysApart) {
    const [there] = await connection.batch([['EXISTS', ...members.map(({ member }) => entryOf(context, member))]]);
    if (!connection.saysKeysApart(there)) return members.length - count(there!);
  }

  return (await isThere(context, members)).filter((is) => !is).length;
}

/** The stored key of a member's entry. A member that cannot be unpacked was written without packing. */
export function entryOf({ keys, packing }: RedisContext, member: Buffer): Buffer {
  return Buffer.concat([Buffer.from(keys.prefix), unpacked(packing.texts, member)]);
}

/** The current Unix time in seconds. Scores come from the clocks of clients, so this is the local clock. */
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
