import type { EntryFilter, FlushOnlyOptions, FlushOnlyResult } from '../../contract/flush.js';
import type { MongodbContext } from '../context.js';
import type { Deployment } from '../deployment.js';

import { countMatching, FlushTally, isKeptLock, matchesFilter, refuseIdleFor } from '../../listing/entry-filter.js';
import { later } from '../expiry.js';
import { listDocuments, type ListedDocument, listEntries } from './entries.js';

/** Remove the entries that match, page by page. */
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
  if (options.dryRun) return countMatching(listEntries(context, listing), only, options);
  const tally = new FlushTally(options);
  for await (const page of listDocuments(context, listing)) {
    const found = page.filter(({ entry }) => matchesFilter(only, entry));
    const matching = found.filter(({ entry }) => !isKeptLock(entry));
    tally.add({ keptLocks: found.length - matching.length });
    if (matching.length > 0) {
      const removed = await context.connection.run(async (deployment) =>
        largerThan === undefined
          ? removeById(deployment, context, matching)
          : removeUnchanged(deployment, context, matching),
      );
      tally.add({ removed, bytes: Math.round((removed / matching.length) * bytesOf(matching)) });
    }

    signal?.throwIfAborted();
  }

  return tally.result;
}

/** For a filter on keys only, which a replaced entry still matches. */
async function removeById(
  { entries, now }: Deployment,
  { prefix }: MongodbContext,
  matching: readonly ListedDocument[],
): Promise<number> {
  const ids = matching.map(({ entry }) => prefix + entry.key);
  const { deletedCount } = await entries.deleteMany({ _id: { $in: ids }, expires_at: later(now()) });
  return deletedCount;
}

/** For a filter on sizes. An entry that was replaced has another expiry and stays. */
async function removeUnchanged(
  { entries }: Deployment,
  { prefix }: MongodbContext,
  matching: readonly ListedDocument[],
): Promise<number> {
  const removals = matching.map(({ entry, expires }) => ({
    deleteOne: { filter: { _id: prefix + entry.key, expires_at: expires } },
  }));
  const { deletedCount } = await entries.bulkWrite(removals, { ordered: false });
  return deletedCount;
}

/** Includes the few that stayed, since the server does not report which they are. */
function bytesOf(matching: readonly ListedDocument[]): number {
  return matching.reduce((sum, { entry }) => sum + entry.size, 0);
}
