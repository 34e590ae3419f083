import type { BulkOptions, FlushOptions, FlushResult } from '../contract.js';
import type { Command, Connection } from './connection.js';
import type { Room } from './entries.js';

import { isLaravelLockName, OWNER_PREFIX } from '../lock-form.js';
import { isTagSetKey } from '../tag-names.js';
import { isUnavailable } from './errors.js';
import { type Keys, scan } from './keys.js';
import { count, given } from './replies.js';

/** Pages on their way at once: enough that neither side waits for the other. */
const IN_FLIGHT = 4;

/**
 * Removes every key but strings that begin with ARGV[1], which are locks that cachectl holds; looking and removing
 * is one step. ARGV[2] is '1' to count only. Gives how many went, and how many were kept.
 */
const REMOVE_BUT_LOCKS = `local removed, kept = 0, 0
for _, key in ipairs(KEYS) do
  if redis.pcall('GETRANGE', key, 0, #ARGV[1] - 1) == ARGV[1] then kept = kept + 1
  elseif ARGV[2] == '1' then removed = removed + redis.call('EXISTS', key)
  else removed = removed + redis.call('UNLINK', key) end
end
return {removed, kept}`;

/**
 * Removes what lies under the prefix, a page of a scan at a time, so that the server is never held up. What is counted
 * is entries; the tags' bookkeeping goes too, unmentioned. Locks that live on a connection of their own go only with
 * `locks`, and then only those that can be told to be locks: the application keeps other things there.
 * `all` is FLUSHDB on the cache's database.
 */
export async function flush(room: Room, options: FlushOptions): Promise<FlushResult> {
  options.signal?.throwIfAborted();
  if (options.scope === 'all') return flushDatabase(room.connection, options.dryRun);
  const progress = new Tally(options, await size(room.connection));
  const sharesLocks = room.lockConnection === room.connection;
  const keepsLocks = sharesLocks && !options.locks;
  const remover = keepsLocks ? await lockKeeping(room, options.dryRun) : removing(room.connection, options.dryRun);
  const removeSets = removing(room.connection, options.dryRun);
  await eachPage(room.connection, room.keys, options, async (page) => {
    const sets = page.filter((key) => isTagSetKey(room.keys.short(key)));
    const others = page.filter((key) => !isTagSetKey(room.keys.short(key)));
    const [done] = await Promise.all([remover(others), removeSets(sets)]);
    progress.add(done);
  });
  if (options.locks && !sharesLocks) {
    const removeLocks = onlyLocks(room, options.dryRun);
    await eachPage(room.lockConnection, room.keys, options, async (page) => progress.add(await removeLocks(page)));
  }

  return progress.result;
}

/** Removes a page of full keys, or counts what it would remove. */
type Remover = (page: readonly Buffer[]) => Promise<FlushResult>;

class Tally {
  readonly #onProgress: BulkOptions['onProgress'];
  readonly #total: number;
  #removed = 0;
  #keptLocks = 0;

  constructor({ onProgress }: BulkOptions, total: number) {
    this.#onProgress = onProgress;
    this.#total = total;
  }

  add({ removed, keptLocks }: FlushResult): void {
    this.#removed += removed;
    this.#keptLocks += keptLocks;
    this.#onProgress?.({ done: this.#removed, total: this.#total });
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

/** Keys of every prefix. */
async function size(connection: Connection): Promise<number> {
  let keys = 0;
  for (const node of await connection.nodes()) keys += count(await node.call('DBSIZE'));
  return keys;
}

/** Scans ahead while earlier pages are being worked on; after an abort, what is on its way is still counted. */
async function eachPage(
  connection: Connection,
  keys: Keys,
  { signal }: BulkOptions,
  work: (page: readonly Buffer[]) => Promise<void>,
): Promise<void> {
  const working = new Set<Promise<void>>();
  try {
    for await (const page of scan(connection, keys, signal)) {
      const task = work([...uniqueKeys(page)]).finally(() => working.delete(task));
      working.add(task);
      // Its failure is seen where it is awaited.
      task.catch(() => {});
      if (working.size >= IN_FLIGHT) await Promise.race(working);
    }
  } finally {
    await Promise.all(working);
  }
}

function uniqueKeys(page: readonly Buffer[]): Iterable<Buffer> {
  return new Map(page.map((key) => [key.toString('latin1'), key])).values();
}

/** Everything: one command for a page where there is one server. */
function removing(connection: Connection, dryRun: boolean): Remover {
  const name = dryRun ? 'EXISTS' : 'UNLINK';
  return async (page) => {
    if (page.length === 0) return NOTHING;
    const commands: Command[] = connection.isCluster ? page.map((key) => [name, key]) : [[name, ...page]];
    const replies = await connection.batch(commands);
    return { removed: replies.reduce((sum: number, reply) => sum + count(reply), 0), keptLocks: 0 };
  };
}

const NOTHING: FlushResult = { removed: 0, keptLocks: 0 };

/** Everything but locks: by name (Laravel's families) and by owner (cachectl's own). */
async function lockKeeping({ connection, keys }: Room, dryRun: boolean): Promise<Remover> {
  const byOwner = (await canRunScripts(connection)) ? byScript(connection, dryRun) : byLooking(connection, dryRun);
  return async (page) => {
    const entries = page.filter((key) => !isLaravelLockName(keys.short(key)));
    const { removed, keptLocks } = await byOwner(entries);
    return { removed, keptLocks: keptLocks + page.length - entries.length };
  };
}

/** A script may only touch keys of one server. */
async function canRunScripts(connection: Connection): Promise<boolean> {
  if (connection.isCluster) return false;
  try {
    await connection.call('EVAL', 'return 1', 0);
    return true;
  } catch (error) {
    if (isUnavailable(error)) return false;
    throw error;
  }
}

function byScript(connection: Connection, dryRun: boolean): Remover {
  return async (page) => {
    if (page.length === 0) return NOTHING;
    const args = [OWNER_PREFIX, dryRun ? '1' : '0'];
    const reply = await connection.call('EVAL', REMOVE_BUT_LOCKS, page.length, ...page, ...args);
    const [removed, keptLocks] = reply as [string, string];
    return { removed: Number(removed), keptLocks: Number(keptLocks) };
  };
}

/** Two round trips; a lock that is taken between them, under a key that held an entry, goes too. */
function byLooking(connection: Connection, dryRun: boolean): Remover {
  const remove = removing(connection, dryRun);
  return async (page) => {
    const heads = await ownerHeads(connection, page);
    const entries = page.filter((_, index) => heads[index] !== OWNER_PREFIX);
    const { removed } = await remove(entries);
    return { removed, keptLocks: page.length - entries.length };
  };
}

function onlyLocks({ lockConnection, keys }: Room, dryRun: boolean): Remover {
  const remove = removing(lockConnection, dryRun);
  return async (page) => {
    const heads = await ownerHeads(lockConnection, page);
    return remove(page.filter((key, index) => heads[index] === OWNER_PREFIX || isLaravelLockName(keys.short(key))));
  };
}

/** The first characters of each key's value; of what is no string, nothing. */
async function ownerHeads(connection: Connection, page: readonly Buffer[]): Promise<string[]> {
  const replies = await connection.batch(page.map((key) => ['GETRANGE', key, 0, OWNER_PREFIX.length - 1]));
  return replies.map((reply) => (reply instanceof Error ? nothingIfWrongType(reply) : String(given(reply))));
}

function nothingIfWrongType(error: Error): string {
  if (error.name === 'WrongTypeError') return '';
  throw error;
}
