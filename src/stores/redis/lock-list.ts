import type { ListedLock, ListLocksOptions, ToldBy } from '../lock-contract.js';
import type { Room } from './entries.js';

import { isNumeric } from '../../codecs/php/numeric.js';
import { UndecodableError, WrongTypeError } from '../../errors.js';
import { fenceKey } from '../fences.js';
import { globMatcher } from '../glob.js';
import { LARAVEL_OWNER } from '../lock-families.js';
import { isLaravelLockName, OWNER_PREFIX } from '../lock-form.js';
import { isTagSetKey } from '../tag-names.js';
import { scan } from './keys.js';
import { ownerOf } from './locks.js';
import { given, isGone, leftOf, ttlOf } from './replies.js';

/** In bytes, packed: longer than any owner of cachectl's or Laravel's. */
export const LONGEST_OWNER = 1024;

/**
 * Strings under the prefix that can be told to be locks. Everything under it has to be looked at, a page of a scan at a
 * time, since a lock is a key like any other; of what is no lock only the beginning travels.
 */
export async function* listLocks(room: Room, { signal, pattern }: ListLocksOptions): AsyncGenerator<ListedLock> {
  signal?.throwIfAborted();
  const tell = teller(room, pattern);
  for await (const page of scan(room.lockConnection, room.keys, signal)) {
    const unique = [...new Map(page.map((key) => [key.toString('latin1'), key])).values()];
    yield* await locksAmong(room, unique, tell);
  }
}

/** How a key is told to be a lock; undefined when it is not. */
export type Teller = (name: string, owner: string) => ToldBy | undefined;

export function teller(room: Room, pattern?: string): Teller {
  const isNamed = pattern === undefined ? undefined : globMatcher(pattern);
  const isPlaceOfLocks = room.lockConnection.location !== room.connection.location;
  const { ownersStandOut } = room.packing;
  return (name, owner) => {
    if (isLaravelLockName(name)) return 'family';
    if (owner.startsWith(OWNER_PREFIX)) return 'cachectl-owner';
    const isFence = name.startsWith(FENCES);
    if (isPlaceOfLocks && !isFence) return 'place';
    if (ownersStandOut && LARAVEL_OWNER.test(owner) && !isNumeric(Buffer.from(owner))) return 'laravel-owner';
    return isNamed?.(name) && !isFence ? 'pattern' : undefined;
  };
}

interface Candidate {
  readonly key: Buffer;
  readonly name: string;
  readonly owner: string;
  readonly toldBy: ToldBy;
}

async function locksAmong(room: Room, page: readonly Buffer[], tell: Teller): Promise<ListedLock[]> {
  const { keys, lockConnection, packing } = room;
  const named = page.map((key) => ({ key, name: keys.short(key) })).filter(({ name }) => !isTagSetKey(name));
  const heads = await lockConnection.batch(named.map(({ key }) => ['GETRANGE', key, 0, LONGEST_OWNER - 1]));
  const candidates = named.flatMap(({ key, name }, index): Candidate[] => {
    const head = stringHead(heads[index]!);
    if (head === undefined) return [];
    const owner = ownerOf(packing.texts, head);
    const toldBy = tell(name, owner);
    return toldBy === undefined ? [] : [{ key, name, owner, toldBy }];
  });
  const pttls = await lockConnection.batch(candidates.map(({ key }) => ['PTTL', key]));
  return candidates.flatMap(({ name, owner, toldBy }, index): ListedLock[] => {
    const pttl = given(pttls[index]!);
    return isGone(pttl) ? [] : [{ name, owner, ttl: ttlOf(pttl), ...leftOf(pttl), toldBy }];
  });
}

/** Undefined of what is no string, and of what is empty, as what is gone by now seems to be. */
function stringHead(reply: unknown): Buffer | undefined {
  if (reply instanceof WrongTypeError || reply instanceof UndecodableError) return undefined;
  if (reply instanceof Error) throw reply;
  return Buffer.isBuffer(reply) && reply.length > 0 ? reply : undefined;
}

/** What the entries that number acquisitions are named. */
const FENCES = fenceKey('');
