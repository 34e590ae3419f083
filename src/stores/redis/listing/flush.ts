import type { BulkOptions, FlushOptions, FlushResult } from '../../contract/store.js';
import type { Command } from '../client/command.js';
import type { Connection } from '../connection.js';
import type { RedisContext } from '../context.js';
import type { LockPlace } from '../locks/places.js';

import { UndecodableError, WrongTypeError } from '../../../errors.js';
import { overlapping } from '../../listing/concurrent.js';
import { isLaravelLockName } from '../../locks/names.js';
import { lockDetector, MAX_OWNER, OWNER_HEAD_BYTES } from '../../locks/rule.js';
import { isTagSetKey } from '../../tags/names.js';
import { count, given } from '../client/replies.js';
import { watchSlots } from '../client/slots.js';
import { isUnavailable } from '../errors.js';
import { type Keys, scan } from '../keys.js';
import { ownerOf } from '../locks/lock.js';
import { keepsLocksApart, lockPlaces, ruleAmongEntries } from '../locks/places.js';
import { sweep } from './sweep.js';

/** How many pages may be in flight: enough that neither side waits for the other. */
const IN_FLIGHT = 4;

/** How many tag sets may wait for removal at the end. Bounds memory; applications have fewer tags. */
const MAX_SETS = 10_000;

/**
 * Remove everything under the prefix in small steps that do not block the server: with a script if allowed, otherwise
 * in round trips. Only entries are counted; tag sets are removed, too. Locks are recognized as in `lock:list`. A
 * separate place for locks is touched only with `locks`, and only locks are removed there, because the application
 * keeps other data in it. The scope `all` is FLUSHDB on the cache's database.
 */
export async function flush(context: RedisContext, options: FlushOptions): Promise<FlushResult> {
  options.signal?.throwIfAborted();
  if (options.scope === 'all') return flushDatabase(context.connection, options.dryRun);
  const progress = new Tally(options, await estimate(context.connection));
  const keeps = options.locks ? undefined : ruleAmongEntries(context);
  const remover = new PrefixRemover(context, { keepsLocks: keeps !== undefined, dryRun: options.dryRun });
  const isSwept =
    // A script cannot recognize a packed owner.
    (context.packing.texts.areBare || keeps === undefined || keeps.goesByNames) &&
    (await sweep(context.connection, context.keys, { ...options, keeps }, async ({ undecided, ...done }) => {
      progress.add(done);
      if (undecided.length > 0) progress.add(await remover.removePage(undecided));
    }));
  if (!isSwept) {
    await eachPage(context.connection, context.keys, options, async (page) =>
      progress.add(await remover.removePage(page)),
    );
  }

  await remover.removeSets();
  if (options.locks && keepsLocksApart(context)) {
    const [place] = lockPlaces(context);
    const removeLocks = onlyLocks(context, place!, options.dryRun);
    await eachPage(context.lockConnection, context.keys, options, async (page) =>
      progress.add(await removeLocks(page)),
    );
  }

  return progress.result;
}

/** Removes a page of stored keys, or counts what it would remove. */
type Remover = (page: readonly Buffer[]) => Promise<FlushResult>;

class Tally {
  readonly #onProgress: BulkOptions['onProgress'];
  readonly #total: number | undefined;
  #removed = 0;
  #keptLocks = 0;

  constructor({ onProgress }: BulkOptions, total: number | undefined) {
    this.#onProgress = onProgress;
    this.#total = total;
  }

  add({ removed, keptLocks }: FlushResult): void {
    this.#removed += removed;
    this.#keptLocks += keptLocks;
    this.#onProgress?.({ done: this.#removed, ...(this.#total !== undefined && { total: this.#total }) });
  }

  get result(): FlushResult {
    return { removed: this.#removed, keptLocks: this.#keptLocks };
  }
}

async function flushDatabase(connection: Connection, dryRun: boolean): Promise<FlushResult> {
  const removed = await size(connection);
  if (!dryRun) for (const node of await connection.nodes()) await node.call('FLUSHDB', 'ASYNC');
  return { removed, keptLocks: 0 };
}

/** Counts keys of all prefixes. */
async function size(connection: Connection): Promise<number> {
  let keys = 0;
  for (const node of await connection.nodes()) keys += count(await node.call('DBSIZE'));
  return keys;
}

/** Used only for progress, so it is left out if DBSIZE is refused. */
async function estimate(connection: Connection): Promise<number | undefined> {
  try {
    return await size(connection);
  } catch (error) {
    if (isUnavailable(error)) return undefined;
    throw error;
  }
}

/**
 * Scan ahead while earlier pages are processed. After an abort, pages in flight are still counted.
 * @throws UnreachableError if slots moved before the last page was processed
 */
async function eachPage(
  connection: Connection,
  keys: Keys,
  { signal }: BulkOptions,
  work: (page: readonly Buffer[]) => Promise<void>,
): Promise<void> {
  const slots = await watchSlots(connection);
  await overlapping(scan(connection, keys, signal), IN_FLIGHT, async (page) => work([...uniqueKeys(page)]));
  await slots.check();
}

function uniqueKeys(page: readonly Buffer[]): Iterable<Buffer> {
  return new Map(page.map((key) => [key.toString('latin1'), key])).values();
}

/** Remove all keys of a page; with one command if there is one server. */
function removing(connection: Connection, dryRun: boolean): Remover {
  const name = dryRun ? 'EXISTS' : 'UNLINK';
  return async (page) => {
    if (page.length === 0) return NOTHING;
    const singly = (): Command[] => page.map((key) => [name, key]);
    let replies = await connection.batch(connection.keysApart ? singly() : [[name, ...page]]);
    if (replies.some((reply) => connection.saysKeysApart(reply))) replies = await connection.batch(singly());
    return { removed: replies.reduce((sum: number, reply) => sum + count(reply), 0), keptLocks: 0 };
  };
}

const NOTHING: FlushResult = { removed: 0, keptLocks: 0 };

/** Removes keys under the prefix. Tag sets come last and are not counted. */
class PrefixRemover {
  readonly #keys: Keys;
  readonly #removeAll: Remover;
  readonly #removeOthers: Remover;
  #sets: Buffer[] = [];

  constructor(context: RedisContext, { keepsLocks, dryRun }: { keepsLocks: boolean; dryRun: boolean }) {
    this.#keys = context.keys;
    this.#removeAll = removing(context.connection, dryRun);
    this.#removeOthers = keepsLocks ? lockKeeping(context, dryRun) : this.#removeAll;
  }

  async removePage(page: readonly Buffer[]): Promise<FlushResult> {
    const others = page.filter((key) => !isTagSetKey(this.#keys.short(key)));
    const done = await this.#removeOthers(others);
    for (const key of page) if (isTagSetKey(this.#keys.short(key))) this.#sets.push(key);
    if (this.#sets.length >= MAX_SETS) await this.removeSets();
    return done;
  }

  /** Called after all entries. If an interruption left an entry without its tag set, no `tags:flush` would find it. */
  async removeSets(): Promise<void> {
    while (this.#sets.length > 0) await this.#removeAll(this.#sets.splice(0, 1000));
  }
}

/** Remove everything but locks. */
function lockKeeping(context: RedisContext, dryRun: boolean): Remover {
  const { connection, keys } = context;
  const place = { connection, rule: ruleAmongEntries(context) };
  const removeOthers = place.rule.goesByNames ? removing(connection, dryRun) : byRoundTrips(context, place, dryRun);
  return async (page) => {
    const entries = page.filter((key) => !isLaravelLockName(keys.short(key)));
    const { removed, keptLocks } = await removeOthers(entries);
    return { removed, keptLocks: keptLocks + page.length - entries.length };
  };
}

/** Needs two round trips. If an entry is replaced by a lock between them, the lock is removed, too. */
function byRoundTrips(context: RedisContext, place: LockPlace, dryRun: boolean): Remover {
  const remove = removing(place.connection, dryRun);
  return async (page) => {
    const areLocks = await locksAmong(context, place, page);
    const { removed } = await remove(page.filter((_, index) => !areLocks[index]));
    return { removed, keptLocks: areLocks.filter(Boolean).length };
  };
}

function onlyLocks(context: RedisContext, place: LockPlace, dryRun: boolean): Remover {
  const remove = removing(place.connection, dryRun);
  return async (page) => {
    const areLocks = await locksAmong(context, place, page);
    return remove(page.filter((_, index) => areLocks[index]));
  };
}

/** Whether each key is a lock. */
async function locksAmong(
  context: RedisContext,
  { connection, rule }: LockPlace,
  page: readonly Buffer[],
): Promise<boolean[]> {
  const { keys, packing } = context;
  const detect = lockDetector(rule);
  // A packed or custom owner is recognized only by the whole value.
  const bytes = packing.texts.areBare && !rule.isPlaceOfLocks ? OWNER_HEAD_BYTES : MAX_OWNER;
  const replies = await connection.batch(page.map((key) => ['GETRANGE', key, 0, bytes - 1]));
  return replies.map((reply, index) => {
    const head = reply instanceof Error ? emptyIfNotString(reply) : (given(reply) as Buffer);
    const name = keys.short(page[index]!);
    return !isTagSetKey(name) && detect(name, ownerOf(packing.texts, head)) !== undefined;
  });
}

/** Empty if the key holds no string, because then it is no lock. */
function emptyIfNotString(error: Error): Buffer {
  if (error instanceof WrongTypeError || error instanceof UndecodableError) return Buffer.alloc(0);
  throw error;
}
