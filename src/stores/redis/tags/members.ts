import type { Command } from '../client/command.js';
import type { Connection } from '../connection.js';
import type { RedisContext } from '../context.js';
import type { Texts } from '../packing.js';

import { UndecodableError, WrongTypeError } from '../../../errors.js';
import { keyFromBytes, keyToBytes } from '../../entries/key-text.js';
import { printKey } from '../../entries/printed-key.js';
import { count, given } from '../client/replies.js';

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

/** The stored key of a member's entry. */
export function entryOf({ keys, packing }: RedisContext, member: Buffer): Buffer {
  return Buffer.concat([Buffer.from(keys.prefix), unpacked(packing.texts, member)]);
}

/**
 * Leave out members that are listed again with the bytes of this profile. At another compression level, phpredis
 * writes other bytes for the same entry.
 * @param set the stored key
 */
export async function withoutRepeated<M extends { readonly member: Buffer }>(
  context: RedisContext,
  set: Buffer | string,
  members: readonly M[],
): Promise<readonly M[]> {
  const { connection, packing } = context;
  if (packing.compression === undefined) return members;
  const foreign = members.flatMap(({ member }, index) => {
    const packed = repacked(packing.texts, member);
    return packed.equals(member) ? [] : [{ index, packed }];
  });
  const scores = await connection.batch(foreign.map(({ packed }): Command => ['ZSCORE', set, packed]));
  const repeated = new Set(foreign.filter((_, at) => given(scores[at]!) !== null).map(({ index }) => index));
  return members.filter((_, index) => !repeated.has(index));
}

/**
 * Find an entry's member in the set of a tag, whatever the compression level of its writer.
 * @param set the stored key
 * @param key without prefixes
 */
export async function memberOf(context: RedisContext, set: Buffer | string, key: string): Promise<Buffer | undefined> {
  const { connection, packing } = context;
  const packed = packing.texts.pack(key);
  if ((await connection.call('ZSCORE', set, packed)) !== null) return packed;
  if (packing.compression === undefined) return undefined;
  const wanted = keyToBytes(key);
  for await (const page of memberPages(context, set)) {
    const found = page.find(({ member }) => unpacked(packing.texts, member).equals(wanted));
    if (found !== undefined) return found.member;
  }

  return undefined;
}

/** The current Unix time in seconds. Scores come from the clocks of clients, so this is the local clock. */
export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** A member as text. One that cannot be unpacked was written without packing. */
export function unpacked(texts: Texts, member: Buffer): Buffer {
  try {
    return texts.unpack(member);
  } catch (error) {
    if (error instanceof UndecodableError) return member;
    throw error;
  }
}

function repacked(texts: Texts, member: Buffer): Buffer {
  return texts.pack(keyFromBytes(unpacked(texts, member)));
}
