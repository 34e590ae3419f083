import type { DetectedBy, ListedLock, ListLocksOptions } from '../../contract/locks.js';
import type { RedisContext } from '../context.js';

import { UndecodableError, WrongTypeError } from '../../../errors.js';
import { lockDetector, type LockRule, MAX_OWNER } from '../../locks/rule.js';
import { isTagSetKey } from '../../tags/names.js';
import { given, isGone, leftOf, ttlOf } from '../client/replies.js';
import { scanAll } from '../keys.js';
import { ownerOf } from './lock.js';
import { lockPlaces } from './places.js';
import { type Held, type LookAt, sweepLocks } from './sweep.js';

/**
 * List the strings that are locks, wherever locks may be stored. Every key under the prefix is checked, because a lock
 * is a key like any other: by a script if allowed, otherwise page by page, reading only the start of each value.
 */
export async function* listLocks(context: RedisContext, options: ListLocksOptions = {}): AsyncGenerator<ListedLock> {
  const { signal, pattern } = options;
  for (const { connection, rule } of lockPlaces(context)) {
    signal?.throwIfAborted();
    // If locks are stored separately, an entry whose name matches the pattern is no lock.
    const look: LookAt = { context, connection, rule: rule.goesByNames ? rule : { ...rule, pattern } };
    const steps = rule.isPlaceOfLocks ? undefined : await sweepLocks(look, signal);
    if (steps === undefined) yield* eachPage(look, signal);
    else for await (const found of steps) yield* locksOf(candidates(look, found));
  }
}

/** A stored key and the start of its value. */
interface Head {
  readonly key: Buffer;
  readonly head: Buffer;
}

interface Candidate<T extends Head> {
  readonly found: T;
  readonly name: string;
  readonly owner: string;
  readonly detectedBy: DetectedBy;
}

/** The locks among these keys, without duplicates. */
function candidates<T extends Head>({ context, rule }: LookAt, heads: readonly T[]): Array<Candidate<T>> {
  const { keys, packing } = context;
  const detect = lockDetector(rule);
  const unique = new Map(heads.map((found) => [found.key.toString('latin1'), found]));
  return [...unique.values()].flatMap((found): Array<Candidate<T>> => {
    const name = keys.short(found.key);
    const owner = ownerOf(packing.texts, found.head);
    const detectedBy = keys.isOurs(found.key) && !isTagSetKey(name) ? detect(name, owner) : undefined;
    return detectedBy === undefined ? [] : [{ found, name, owner, detectedBy }];
  });
}

function locksOf(held: ReadonlyArray<Candidate<Held>>): ListedLock[] {
  return held.flatMap(({ found: { pttl }, name, owner, detectedBy }): ListedLock[] =>
    isGone(pttl) ? [] : [{ name, owner, ttl: ttlOf(pttl), ...leftOf(pttl), detectedBy }],
  );
}

async function* eachPage(look: LookAt, signal?: AbortSignal): AsyncGenerator<ListedLock> {
  const { context, connection, rule } = look;
  const isWanted = nameFilter(rule);
  for await (const page of scanAll(connection, context.keys, signal)) {
    const named = page.filter((key) => isWanted(context.keys.short(key)));
    const replies = await connection.batch(named.map((key) => ['GETRANGE', key, 0, MAX_OWNER - 1]));
    const heads = named.flatMap((key, index): Head[] => {
      const head = stringHead(replies[index]!);
      return head === undefined ? [] : [{ key, head }];
    });
    const found = candidates(look, heads);
    const pttls = await connection.batch(found.map((each) => ['PTTL', each.found.key]));
    yield* locksOf(found.map((each, index) => ({ ...each, found: { ...each.found, pttl: given(pttls[index]!) } })));
  }
}

/** Whether the value of a key must be checked. */
function nameFilter(rule: LockRule): (name: string) => boolean {
  if (!rule.goesByNames) return (name) => !isTagSetKey(name);
  const detect = lockDetector(rule);
  return (name) => !isTagSetKey(name) && detect(name, '') !== undefined;
}

/** Undefined if the key holds no string or is missing, which looks like an empty string. */
function stringHead(reply: unknown): Buffer | undefined {
  if (reply instanceof WrongTypeError || reply instanceof UndecodableError) return undefined;
  if (reply instanceof Error) throw reply;
  return Buffer.isBuffer(reply) && reply.length > 0 ? reply : undefined;
}
