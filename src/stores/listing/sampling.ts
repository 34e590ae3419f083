import type { Sample, SampledEntry, SampleOptions } from '../contract/stats.js';
import type { Store } from '../contract/store.js';

import { unsupported } from '../contract/operations.js';
import { Reservoir } from './reservoir.js';

/** How many entries to read if the store cannot sample. */
const MAX_WALKED = 100_000;

/**
 * Sample with the store's own method, otherwise from the start of its listing.
 * @throws UnsupportedError if entries cannot be listed
 */
export async function takeSample(store: Store, options: SampleOptions): Promise<Sample> {
  if (store.sample) return store.sample(options);
  if (store.entries) return walk(store.entries(options.signal && { signal: options.signal }), options.size);
  throw unsupported(store, 'sample');
}

async function walk(
  pages: AsyncIterable<readonly (SampledEntry & { readonly lock?: unknown })[]>,
  size: number,
): Promise<Sample> {
  const chosen = new Reservoir<SampledEntry>(size);
  let isWhole = true;
  for await (const page of pages) {
    for (const { lock, size: bytes, ttl } of page) if (lock === undefined) chosen.offer({ size: bytes, ttl });
    isWhole = chosen.offered < MAX_WALKED;
    if (!isWhole) break;
  }

  return {
    entries: chosen.kept,
    method: isWhole ? 'a random choice of all of them' : `a random choice of the first ${chosen.offered} listed`,
    isComplete: isWhole && chosen.offered <= size,
    isRandom: isWhole,
    looked: chosen.offered,
  };
}
