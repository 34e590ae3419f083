import type { EntryFilter, FlushOnlyOptions, FlushOnlyResult } from '../../contract/flush.js';
import type { MongodbContext } from '../context.js';
import type { Deployment } from '../deployment.js';

import { countMeant, FlushTally, isKeptLock, isMeant, refuseIdleFor } from '../../listing/entry-filter.js';
import { later } from '../expiry.js';
import { listDocuments, type ListedDocument, listEntries } from './entries.js';

/** Removes the entries that match, a page at a time. */
export async function flushOnly(
  context: MongodbContext,
  only: EntryFilter,
  options: FlushOnlyOptions,
): Promise<FlushOnlyResult> {
  refuseIdleFor('mongodb', only);
  const { pattern = '*', largerThan } = only;
  const { signal } = options;
  signal?.throwIfAborted();
  const listing = { pattern, ...(signal && { signal }) };
  if (options.dryRun) return countMeant(listEntries(context, listing), only, options);
  const tally = new FlushTally(options);
  for await (const page of listDocuments(context, listing)) {
    const found = page.filter(({ entry }) => isMeant(only, entry));
    const meant = found.filter(({ entry }) => !isKeptLock(entry));
    tally.add({ keptLocks: found.length - meant.length });
    if (meant.length > 0) {
      const removed = await context.connection.run(async (deployment) =>
        largerThan === undefined ? removeNamed(deployment, context, meant) : removeSame(deployment, context, meant),
      );
      tally.add({ removed, bytes: Math.round((removed / meant.length) * bytesOf(meant)) });
    }

    signal?.throwIfAborted();
  }

  return tally.result;
}

/** What their names say is enough. */
async function removeNamed(
  { entries, now }: Deployment,
  { prefix }: MongodbContext,
  meant: readonly ListedDocument[],
): Promise<number> {
  const ids = meant.map(({ entry }) => prefix + entry.key);
  const { deletedCount } = await entries.deleteMany({ _id: { $in: ids }, expires_at: later(now()) });
  return deletedCount;
}

/** What was put in the place of one that was too large has another expiry, and stays. */
async function removeSame(
  { entries }: Deployment,
  { prefix }: MongodbContext,
  meant: readonly ListedDocument[],
): Promise<number> {
  const removals = meant.map(({ entry, expires }) => ({
    deleteOne: { filter: { _id: prefix + entry.key, expires_at: expires } },
  }));
  const { deletedCount } = await entries.bulkWrite(removals, { ordered: false });
  return deletedCount;
}

/** Of those that stayed as well: which they are is not told, and they are few. */
function bytesOf(meant: readonly ListedDocument[]): number {
  return meant.reduce((sum, { entry }) => sum + entry.size, 0);
}
