import type { PutBatch } from '../../entries/put-batches.js';
import type { EncodedEntry } from '../../listing/batches.js';
import type { Connection } from '../connection.js';

/** From this many commands on, a separate connection for bulk writes pays off. */
export const MIN_BULK = 500;

interface WrittenByNode extends PutBatch {
  /** Were redirected, or have no known primary: they were not written. */
  readonly left: readonly EncodedEntry[];
}

/**
 * Write entries to all primaries of a cluster at once.
 * @param keys the stored key of each
 */
export async function bulkByNode(
  connection: Connection,
  keys: readonly string[],
  entries: readonly EncodedEntry[],
): Promise<WrittenByNode> {
  const shares = await connection.shares(keys);
  const results = await Promise.all(
    shares.map(async ({ node, at }): Promise<WrittenByNode> => {
      if (node === undefined) return { stored: 0, left: at.map((index) => entries[index]!) };
      const bulk = await connection.bulk(node);
      const writer = bulk.writer();
      for (const index of at) {
        const { stored, ttl } = entries[index]!;
        writer.set(keys[index]!, stored, ttl);
      }

      const { succeeded, redirected, failure } = await bulk.send(writer);
      return { stored: succeeded, failure, left: redirected.map((position) => entries[at[position]!]!) };
    }),
  );
  return {
    stored: results.reduce((sum, { stored }) => sum + stored, 0),
    failure: results.find(({ failure }) => failure !== undefined)?.failure,
    left: results.flatMap(({ left }) => left),
  };
}
