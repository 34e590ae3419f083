import type { ListedLock, ListLocksOptions, ToldBy } from '../../contract/locks.js';
import type { RedisContext } from '../context.js';

import { UndecodableError, WrongTypeError } from '../../../errors.js';
import { type LockRule, lockTeller, LONGEST_OWNER } from '../../locks/rule.js';
import { isTagSetKey } from '../../tags/names.js';
import { given, isGone, leftOf, ttlOf } from '../client/replies.js';
import { scanAll } from '../keys.js';
import { ownerOf } from './lock.js';
import { lockPlaces } from './places.js';
import { type Held, type LookAt, sweepLocks } from './sweep.js';

/**
 * Strings under the prefix that can be told to be locks, in every place where locks may lie. Everything under it has to be
 * looked at, since a lock is a key like any other: by a script where the server lets one do it, else a page of a scan at a
 * time; then of what is no lock only the beginning travels.
 */
export async function* listLocks(context: RedisContext, options: ListLocksOptions = {}): AsyncGenerator<ListedLock> {
  const { signal, pattern } = options;
  for (const { connection, rule } of lockPlaces(context)) {
    signal?.throwIfAborted();
    // Where locks have a place of their own, what else bears such a name is an entry.
    const look: LookAt = { context, connection, rule: rule.goesByNames ? rule : { ...rule, pattern } };
    const steps = rule.isPlaceOfLocks ? undefined : await sweepLocks(look, signal);
    if (steps === undefined) yield* eachPage(look, signal);
    else for await (const found of steps) yield* locksOf(candidates(look, found));
  }
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
function candidates<T extends Head>({ context, rule }: LookAt, heads: readonly T[]): Array<Candidate<T>> {
  const { keys, packing } = context;
  const tell = lockTeller(rule);
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

async function* eachPage(look: LookAt, signal?: AbortSignal): AsyncGenerator<ListedLock> {
  const { context, connection, rule } = look;
  const isWanted = nameFilter(rule);
  for await (const page of scanAll(connection, context.keys, signal)) {
    const named = page.filter((key) => isWanted(context.keys.short(key)));
    const replies = await connection.batch(named.map((key) => ['GETRANGE', key, 0, LONGEST_OWNER - 1]));
    const heads = named.flatMap((key, index): Head[] => {
      const head = stringHead(replies[index]!);
      return head === undefined ? [] : [{ key, head }];
    });
    const told = candidates(look, heads);
    const pttls = await connection.batch(told.map(({ found }) => ['PTTL', found.key]));
    yield* locksOf(told.map((each, index) => ({ ...each, found: { ...each.found, pttl: given(pttls[index]!) } })));
  }
}

/** Which values are worth a look. */
function nameFilter(rule: LockRule): (name: string) => boolean {
  if (!rule.goesByNames) return (name) => !isTagSetKey(name);
  const tell = lockTeller(rule);
  return (name) => !isTagSetKey(name) && tell(name, '') !== undefined;
}

/** Undefined of what is no string, and of what is empty, as what is gone by now seems to be. */
function stringHead(reply: unknown): Buffer | undefined {
  if (reply instanceof WrongTypeError || reply instanceof UndecodableError) return undefined;
  if (reply instanceof Error) throw reply;
  return Buffer.isBuffer(reply) && reply.length > 0 ? reply : undefined;
}
