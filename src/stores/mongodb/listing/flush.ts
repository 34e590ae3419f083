import type { Collection } from 'mongodb';

import type { FlushOptions, FlushResult } from '../../contract/store.js';
import type { MongodbContext } from '../context.js';
import type { CollectionRole, Deployment, EntryDocument, LockDocument } from '../deployment.js';

import { DATED, later, notLater, UNDATED } from '../expiry.js';
import { idsUnder, mutexIdsUnder } from '../keys.js';

/** Documents per step. */
const PAGE = 10_000;

/** A part of a filter. */
type Filter = Readonly<Record<string, unknown>>;

/**
 * Remove the documents under the prefix, or all of both collections, page by page. Expired documents are removed too,
 * but not counted. A scheduler's mutex is a lock although it is among the entries. Documents whose `expires_at` is not
 * a date are not entries, and stay.
 */
export async function flush(context: MongodbContext, options: FlushOptions): Promise<FlushResult> {
  options.signal?.throwIfAborted();
  const { connection } = context;
  const prefix = options.scope === 'all' ? undefined : context.prefix;
  const takesLocks = options.locks || options.scope === 'all';
  const roles: readonly CollectionRole[] = takesLocks ? ['entries', 'locks'] : ['entries'];
  const counted = async (role: CollectionRole): Promise<number> =>
    connection.run(async (deployment) => countLive(deployment, role, prefix));
  const mutexes = takesLocks ? 0 : await connection.run(async (deployment) => countMutexes(deployment, context.prefix));
  const keptLocks = takesLocks ? 0 : mutexes + (await counted('locks'));
  const whole = async (): Promise<number> =>
    Math.max(0, sum(await Promise.all(roles.map(async (each) => counted(each)))) - mutexes);
  const left = async (): Promise<Pick<FlushResult, 'leftOthers'>> => {
    const counts = roles.map(async (each) =>
      connection.run(async (deployment) => countUndated(deployment, each, prefix)),
    );
    const leftOthers = sum(await Promise.all(counts));
    return leftOthers === 0 ? {} : { leftOthers };
  };

  if (options.dryRun) return { removed: await whole(), keptLocks, ...(await left()) };
  const total = options.wantsTotal ? await whole() : undefined;
  // Whether a mutex is held depends on the server's clock.
  const kept = ({ now }: Deployment): Filter =>
    takesLocks ? {} : { $nor: [{ _id: mutexIdsUnder(context.prefix), expires_at: later(now()) }] };
  let removed = 0;
  for (const role of roles) {
    if (options.scope === 'all') {
      removed += await connection.run(async (deployment) => removeOthers(deployment, role));
      options.signal?.throwIfAborted();
    }

    let last: string | undefined;
    do {
      const range = idsUnder(prefix ?? '', last);
      const page = await connection.run(async (deployment) => removePage(deployment, role, range, kept(deployment)));
      removed += page.live;
      if (page.rows > 0) options.onProgress?.({ done: removed, ...(total !== undefined && { total }) });
      options.signal?.throwIfAborted();
      ({ last } = page);
    } while (last !== undefined);
  }

  // Cheap, since the matching documents have been removed.
  return { removed, keptLocks, ...(await left()) };
}

interface Page {
  readonly rows: number;
  readonly live: number;
  /** Undefined for the last page. */
  readonly last: string | undefined;
}

/** Documents are not transferred: the server only returns the last `_id` of a page and the number of expired ones. */
async function removePage(
  deployment: Deployment,
  role: CollectionRole,
  range: Readonly<Record<string, string>>,
  kept: Filter,
): Promise<Page> {
  const collection = collectionOf(deployment, role);
  const [end] = await collection
    .find({ _id: range }, { projection: { _id: 1 }, sort: { _id: 1 }, skip: PAGE - 1, limit: 1 })
    .toArray();
  const page = { _id: end === undefined ? range : { ...range, $lte: end._id }, ...DATED, ...kept };
  const expired = await collection.countDocuments({
    ...page,
    expires_at: { ...DATED.expires_at, ...notLater(deployment.now()) },
  });
  const { deletedCount } = await collection.deleteMany(page);
  return { rows: deletedCount, live: Math.max(0, deletedCount - expired), last: end?._id };
}

/** Remove documents whose `_id` is not text. They are no cache entries. @returns how many were live */
async function removeOthers(deployment: Deployment, role: CollectionRole): Promise<number> {
  const collection = collectionOf(deployment, role);
  const count = await collection.countDocuments({ ...OTHERS, expires_at: later(deployment.now()) });
  await collection.deleteMany({ ...OTHERS, ...DATED });
  return count;
}

const OTHERS = { _id: { $not: { $type: 'string' } } } as const;

/** Documents that are neither counted nor removed. Without a prefix, of the whole collection. */
async function countUndated(deployment: Deployment, role: CollectionRole, prefix: string | undefined): Promise<number> {
  const ids = prefix === undefined ? {} : { _id: idsUnder(prefix) };
  return collectionOf(deployment, role).countDocuments({ ...ids, ...UNDATED });
}

/** The scheduler's mutexes, which are stored among the entries. */
async function countMutexes({ entries, now }: Deployment, prefix: string): Promise<number> {
  return entries.countDocuments({ _id: mutexIdsUnder(prefix), expires_at: later(now()) });
}

/** Without a prefix, of the whole collection. */
async function countLive(deployment: Deployment, role: CollectionRole, prefix: string | undefined): Promise<number> {
  const live = { expires_at: later(deployment.now()) };
  const ids = prefix === undefined ? {} : { _id: idsUnder(prefix) };
  return collectionOf(deployment, role).countDocuments({ ...ids, ...live });
}

function collectionOf(
  deployment: Deployment,
  role: CollectionRole,
): Collection<Pick<EntryDocument & LockDocument, '_id' | 'expires_at'>> {
  return deployment[role] as unknown as Collection<Pick<EntryDocument & LockDocument, '_id' | 'expires_at'>>;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
