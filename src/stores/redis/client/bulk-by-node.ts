import type { PutBatch } from '../../entries/put-batches.js';
import type { EncodedEntry } from '../../listing/batches.js';
import type { Connection } from '../connection.js';

/** From this many commands on, a separate connection for bulk writes pays off. */
export const MIN_BULK = 500;

/** An entry and its stored key. */
export interface PlacedEntry extends EncodedEntry {
  readonly full: string;
}

interface WrittenByNode extends PutBatch {
  /** Were redirected, or have no known primary: they were not written. */
  readonly left: readonly PlacedEntry[];
}

/** Write entries to all primaries of a cluster at once. */
export async function bulkByNode(connection: Connection, entries: readonly PlacedEntry[]): Promise<WrittenByNode> {
  const shares = await connection.shares(entries.map(({ full }) => full));
  const results = await Promise.all(
    shares.map(async ({ node, at }): Promise<WrittenByNode> => {
      const some = at.map((index) => entries[index]!);
      if (node === undefined) return { stored: 0, left: some };
      const bulk = await connection.bulk(node);
      const writer = bulk.writer();
      for (const { full, stored, ttl } of some) writer.set(full, stored, ttl);
      const { succeeded, redirected, failure } = await bulk.send(writer);
      return { stored: succeeded, failure, left: redirected.map((index) => some[index]!) };
    }),
  );
  return {
    stored: results.reduce((sum, { stored }) => sum + stored, 0),
    failure: results.find(({ failure }) => failure !== undefined)?.failure,
    left: results.flatMap(({ left }) => left),
  };
}
