import type { BulkOptions } from '../contract/store.js';

import { overlapping } from '../listing/concurrent.js';

/** The result of a batch: how many of its entries were stored, and why the others were not. */
export interface PutBatch {
  readonly stored: number;
  readonly failure?: Error | undefined;
}

/**
 * Put batch after batch. Returns how many entries were stored.
 * @param put returns nothing if it stored all of its batch
 * @param inFlight how many batches may be under way
 */
export async function putBatches<Item>(
  batches: AsyncIterable<readonly Item[]> | Iterable<readonly Item[]>,
  { signal, onProgress }: BulkOptions = {},
  put: (batch: readonly Item[]) => Promise<PutBatch | void>,
  inFlight = 1,
): Promise<number> {
  let done = 0;
  signal?.throwIfAborted();
  await overlapping(batches, inFlight, async (batch) => {
    const { stored, failure } = (await put(batch)) ?? { stored: batch.length };
    done += stored;
    if (stored > 0) onProgress?.({ done });
    if (failure) throw failure;
    signal?.throwIfAborted();
  });
  return done;
}

/** One entry for each key. */
export function lastOfEachKey<Item extends { readonly key: string }>(batch: readonly Item[]): readonly Item[] {
  const last = new Map(batch.map((entry) => [entry.key, entry]));
  return last.size === batch.length ? batch : [...last.values()];
}
