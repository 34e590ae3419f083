import type { ListedLock, ListLocksOptions, ToldBy } from '../lock-contract.js';
import type { Room } from './entries.js';

import { isNumeric } from '../../codecs/php/numeric.js';
import { UndecodableError, WrongTypeError } from '../../errors.js';
import { fenceKey } from '../fences.js';
import { globMatcher } from '../glob.js';
import { LARAVEL_OWNER } from '../lock-families.js';
import { isLaravelLockName, OWNER_PREFIX } from '../lock-form.js';
import { isTagSetKey } from '../tag-names.js';
import { scanAll } from './keys.js';
import { type Held, sweepLocks } from './lock-sweep.js';
import { ownerOf } from './locks.js';
import { given, isGone, leftOf, ttlOf } from './replies.js';

/** In bytes, packed: longer than any owner of cachectl's or Laravel's. */
export const LONGEST_OWNER = 1024;

/**
 * Strings under the prefix that can be told to be locks. Everything under it has to be looked at, since a lock is a key like
 * any other: by a script where the server lets one do it, else a page of a scan at a time; then of what is no lock only the
 * beginning travels.
 */
export async function* listLocks(room: Room, options: ListLocksOptions): AsyncGenerator<ListedLock> {
  const { signal, pattern } = options;
  signal?.throwIfAborted();
  const tell = teller(room, pattern);
  const steps = isPlaceOfLocks(room) ? undefined : await sweepLocks(room, options, LONGEST_OWNER);
  if (steps === undefined) yield* eachPage(room, tell, signal);
  else for await (const found of steps) yield* locksOf(candidates(room, tell, found));
}

/** How a key is told to be a lock; undefined when it is not. */
export type Teller = (name: string, owner: string) => ToldBy | undefined;

export function teller(room: Room, pattern?: string): Teller {
  const isNamed = pattern === undefined ? undefined : globMatcher(pattern);
  const toldByPlace = isPlaceOfLocks(room);
  const { ownersStandOut } = room.packing;
  return (name, owner) => {
    if (isLaravelLockName(name)) return 'family';
    if (owner.startsWith(OWNER_PREFIX)) return 'cachectl-owner';
    const isFence = name.startsWith(FENCES);
    if (toldByPlace && !isFence) return 'place';
    if (ownersStandOut && LARAVEL_OWNER.test(owner) && !isNumeric(Buffer.from(owner))) return 'laravel-owner';
    return isNamed?.(name) && !isFence ? 'pattern' : undefined;
  };
}

/** Whether whatever lies under the prefix there is a lock. */
function isPlaceOfLocks({ connection, lockConnection }: Room): boolean {
  return lockConnection.location !== connection.location;
}

/** The beginning of what a full key holds. */
interface Head {
  readonly key: Buffer;
  readonly head: Buffer;
}

interface Candidate<T extends Head> {
  readonly found: T;
  readonly name: string;
  readonly owner: string;
  readonly toldBy: ToldBy;
}

/** What comes twice is given once. */
function candidates<T extends Head>({ keys, packing }: Room, tell: Teller, heads: readonly T[]): Array<Candidate<T>> {
  const unique = new Map(heads.map((found) => [found.key.toString('latin1'), found]));
  return [...unique.values()].flatMap((found): Array<Candidate<T>> => {
    const name = keys.short(found.key);
    const owner = ownerOf(packing.texts, found.head);
    const toldBy = keys.isOurs(found.key) && !isTagSetKey(name) ? tell(name, owner) : undefined;
    return toldBy === undefined ? [] : [{ found, name, owner, toldBy }];
  });
}

function locksOf(held: ReadonlyArray<Candidate<Held>>): ListedLock[] {
  return held.flatMap(({ found: { pttl }, name, owner, toldBy }): ListedLock[] =>
    isGone(pttl) ? [] : [{ name, owner, ttl: ttlOf(pttl), ...leftOf(pttl), toldBy }],
  );
}

async function* eachPage(room: Room, tell: Teller, signal?: AbortSignal): AsyncGenerator<ListedLock> {
  const { lockConnection, keys } = room;
  for await (const page of scanAll(lockConnection, keys, signal)) {
    const named = page.filter((key) => !isTagSetKey(keys.short(key)));
    const replies = await lockConnection.batch(named.map((key) => ['GETRANGE', key, 0, LONGEST_OWNER - 1]));
    const heads = named.flatMap((key, index): Head[] => {
      const head = stringHead(replies[index]!);
      return head === undefined ? [] : [{ key, head }];
    });
    const told = candidates(room, tell, heads);
    const pttls = await lockConnection.batch(told.map(({ found }) => ['PTTL', found.key]));
    yield* locksOf(told.map((each, index) => ({ ...each, found: { ...each.found, pttl: given(pttls[index]!) } })));
  }
}

/** Undefined of what is no string, and of what is empty, as what is gone by now seems to be. */
function stringHead(reply: unknown): Buffer | undefined {
  if (reply instanceof WrongTypeError || reply instanceof UndecodableError) return undefined;
  if (reply instanceof Error) throw reply;
  return Buffer.isBuffer(reply) && reply.length > 0 ? reply : undefined;
}

/** What the entries that number acquisitions are named. */
const FENCES = fenceKey('');
