import type { Collection } from 'mongodb';

import type { FlushOptions, FlushResult } from '../../contract/store.js';
import type { MongodbContext } from '../context.js';
import type { Deployment, EntryDocument, LockDocument } from '../deployment.js';

import { DATED, later, notLater, UNDATED } from '../expiry.js';
import { idsUnder, mutexIdsUnder } from '../keys.js';

/** Documents of one step. */
const PAGE = 10_000;

type Place = 'entries' | 'locks';

/** A part of a filter. */
type Filter = Readonly<Record<string, unknown>>;

/**
 * Removes what lies under the prefix, or all of both collections, a page at a time. Counts what still counted: documents
 * that had expired go too, unmentioned. A scheduler's mutex is a lock wherever it lies. Documents whose `expires_at` is no date are nobody's entries, and stay.
 */
export async function flush(context: MongodbContext, options: FlushOptions): Promise<FlushResult> {
  options.signal?.throwIfAborted();
  const { connection } = context;
  const prefix = options.scope === 'all' ? undefined : context.prefix;
  const takesLocks = options.locks || options.scope === 'all';
  const places: readonly Place[] = takesLocks ? ['entries', 'locks'] : ['entries'];
  const counted = async (place: Place): Promise<number> =>
    connection.run(async (deployment) => countLive(deployment, place, prefix));
  const mutexes = takesLocks ? 0 : await connection.run(async (deployment) => countMutexes(deployment, context.prefix));
  const keptLocks = takesLocks ? 0 : mutexes + (await counted('locks'));
  const whole = async (): Promise<number> =>
    Math.max(0, sum(await Promise.all(places.map(async (each) => counted(each)))) - mutexes);
  const left = async (): Promise<Pick<FlushResult, 'leftOthers'>> => {
    const counts = places.map(async (each) => connection.run(async (place) => countUndated(place, each, prefix)));
    const leftOthers = sum(await Promise.all(counts));
    return leftOthers === 0 ? {} : { leftOthers };
  };

  if (options.dryRun) return { removed: await whole(), keptLocks, ...(await left()) };
  const total = options.wantsTotal ? await whole() : undefined;
  // The server's clock says which of them are held.
  const kept = ({ now }: Deployment): Filter =>
    takesLocks ? {} : { $nor: [{ _id: mutexIdsUnder(context.prefix), expires_at: later(now()) }] };
  let removed = 0;
  for (const place of places) {
    if (options.scope === 'all') {
      removed += await connection.run(async (deployment) => removeOthers(deployment, place));
      options.signal?.throwIfAborted();
    }

    let last: string | undefined;
    do {
      const range = idsUnder(prefix ?? '', last);
      const page = await connection.run(async (deployment) => removePage(deployment, place, range, kept(deployment)));
      removed += page.live;
      if (page.rows > 0) options.onProgress?.({ done: removed, ...(total !== undefined && { total }) });
      options.signal?.throwIfAborted();
      ({ last } = page);
    } while (last !== undefined);
  }

  // What was removed need not be looked through, so this is cheap.
  return { removed, keptLocks, ...(await left()) };
}

interface Page {
  readonly rows: number;
  readonly live: number;
  /** Undefined of the last page. */
  readonly last: string | undefined;
}

/** The documents stay where they are: of a page only its end is asked for, and how many of it do not count. */
async function removePage(
  deployment: Deployment,
  place: Place,
  range: Readonly<Record<string, string>>,
  kept: Filter,
): Promise<Page> {
  const collection = collectionOf(deployment, place);
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

/** Documents whose `_id` is no text: nobody's cache, and yet what lies in its collections. How many of them counted. */
async function removeOthers(deployment: Deployment, place: Place): Promise<number> {
  const collection = collectionOf(deployment, place);
  const count = await collection.countDocuments({ ...OTHERS, expires_at: later(deployment.now()) });
  await collection.deleteMany({ ...OTHERS, ...DATED });
  return count;
}

const OTHERS = { _id: { $not: { $type: 'string' } } } as const;

/** Documents that are neither counted nor removed: of everything, when no prefix is given. */
async function countUndated(deployment: Deployment, place: Place, prefix: string | undefined): Promise<number> {
  const ids = prefix === undefined ? {} : { _id: idsUnder(prefix) };
  return collectionOf(deployment, place).countDocuments({ ...ids, ...UNDATED });
}

/** Among the entries, where the mutexes of schedulers are locks. */
async function countMutexes({ entries, now }: Deployment, prefix: string): Promise<number> {
  return entries.countDocuments({ _id: mutexIdsUnder(prefix), expires_at: later(now()) });
}

/** Of everything, when no prefix is given. */
async function countLive(deployment: Deployment, place: Place, prefix: string | undefined): Promise<number> {
  const live = { expires_at: later(deployment.now()) };
  const ids = prefix === undefined ? {} : { _id: idsUnder(prefix) };
  return collectionOf(deployment, place).countDocuments({ ...ids, ...live });
}

function collectionOf(
  deployment: Deployment,
  place: Place,
): Collection<Pick<EntryDocument & LockDocument, '_id' | 'expires_at'>> {
  return deployment[place] as unknown as Collection<Pick<EntryDocument & LockDocument, '_id' | 'expires_at'>>;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
