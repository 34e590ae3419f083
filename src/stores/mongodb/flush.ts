import type { Collection } from 'mongodb';

import type { FlushOptions, FlushResult } from '../contract.js';
import type { Deployment, EntryDocument, LockDocument } from './connection.js';
import type { Room } from './entries.js';

import { isLive } from './expiry.js';
import { idsUnder } from './keys.js';

/** Documents of one step. */
const PAGE = 5000;

type Place = 'entries' | 'locks';

/**
 * Removes what lies under the prefix, or all of both collections, a page at a time. Counts what still counted: documents
 * that had expired go too, unmentioned.
 */
export async function flush(room: Room, options: FlushOptions): Promise<FlushResult> {
  options.signal?.throwIfAborted();
  const { connection } = room;
  const prefix = options.scope === 'all' ? '' : room.prefix;
  const takesLocks = options.locks || options.scope === 'all';
  const places: readonly Place[] = takesLocks ? ['entries', 'locks'] : ['entries'];
  const counted = async (place: Place): Promise<number> =>
    connection.run(async (deployment) => countLive(deployment, place, prefix));
  const keptLocks = takesLocks ? 0 : await counted('locks');
  const total =
    options.dryRun || options.onProgress ? sum(await Promise.all(places.map(async (each) => counted(each)))) : 0;
  if (options.dryRun) return { removed: total, keptLocks };
  let removed = 0;
  for (const place of places) {
    for (let after: string | undefined, isOver = false; !isOver;) {
      const page = await connection.run(async (deployment) => removePage(deployment, place, idsUnder(prefix, after)));
      removed += page.live;
      if (page.rows > 0) options.onProgress?.({ done: removed, total });
      options.signal?.throwIfAborted();
      after = page.last;
      isOver = page.rows < PAGE;
    }
  }

  return { removed, keptLocks };
}

interface Page {
  readonly rows: number;
  readonly live: number;
  readonly last: string | undefined;
}

async function removePage(
  deployment: Deployment,
  place: Place,
  range: Readonly<Record<string, string>>,
): Promise<Page> {
  const collection = collectionOf(deployment, place);
  const at = deployment.now();
  const found = await collection
    .find({ _id: range }, { projection: { expires_at: 1 }, sort: { _id: 1 }, limit: PAGE })
    .toArray();
  const last = found.at(-1)?._id;
  if (last === undefined) return { rows: 0, live: 0, last };
  await collection.deleteMany({ _id: { $gte: found[0]!._id, $lte: last } });
  return { rows: found.length, live: found.filter(({ expires_at }) => isLive(expires_at, at)).length, last };
}

async function countLive(deployment: Deployment, place: Place, prefix: string): Promise<number> {
  const live = { _id: idsUnder(prefix), expires_at: { $gt: new Date(deployment.now()) } };
  return collectionOf(deployment, place).countDocuments(live);
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
