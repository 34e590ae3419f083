import type { EncodedEntry } from '../../listing/batches.js';
import type { Connection } from '../connection.js';

/** An entry and its stored key. */
export interface PlacedEntry extends EncodedEntry {
  readonly full: string;
}

/**
 * Write entries to all primaries of a cluster at once.
 * @returns entries that were redirected, or whose primary is not known; they were not written
 * @throws the first failure
 */
export async function bulkByNode(
  connection: Connection,
  entries: readonly PlacedEntry[],
): Promise<readonly PlacedEntry[]> {
  const shares = await connection.shares(entries.map(({ full }) => full));
  const left = await Promise.all(
    shares.map(async ({ node, at }) => {
      const some = at.map((index) => entries[index]!);
      if (node === undefined) return some;
      const bulk = await connection.bulk(node);
      const writer = bulk.writer();
      for (const { full, stored, ttl } of some) writer.set(full, stored, ttl);
      const { redirected, failure } = await bulk.send(writer);
      if (failure) throw failure;
      return redirected.map((index) => some[index]!);
    }),
  );
  return left.flat();
}
