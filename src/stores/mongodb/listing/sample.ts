import type { Sample, SampledEntry, SampleOptions } from '../../contract/stats.js';
import type { MongodbContext } from '../context.js';

import { RefusedError } from '../../../errors.js';
import { Reservoir } from '../../listing/reservoir.js';
import { later } from '../expiry.js';
import { idsUnder } from '../keys.js';
import { AS_STORED } from '../values.js';
import { type Listed, listEntries, lister, MEASURE } from './entries.js';

/** The largest collection that is read in full; a larger one is sampled by the server. */
const MAX_WALKED = 100_000;

/** Documents drawn per requested one, since many may have other prefixes. */
const DRAWN_FOR_EACH = 20;

/** Up to this share of a collection, the server draws at random positions instead of reading everything. */
const CHEAP_SHARE = 0.04;

/**
 * A fair sample of all documents, or $sample of a large collection, or its first documents if the server has no
 * $sample.
 */
export async function sample(context: MongodbContext, options: SampleOptions, maxWalked = MAX_WALKED): Promise<Sample> {
  options.signal?.throwIfAborted();
  const whole = await context.connection.run(async ({ entries }) => entries.estimatedDocumentCount());
  if (whole <= maxWalked) return walk(context, options, Infinity);
  try {
    return await draw(context, options, whole);
  } catch (error) {
    // The server refused; use the fallback.
    if (!(error instanceof RefusedError)) throw error;
    return walk(context, options, maxWalked);
  }
}

async function walk(context: MongodbContext, { size, signal }: SampleOptions, most: number): Promise<Sample> {
  const chosen = new Reservoir<SampledEntry>(size);
  let isWhole = true;
  for await (const page of listEntries(context, signal && { signal })) {
    for (const entry of page) chosen.offer({ size: entry.size, ttl: entry.ttl });
    isWhole = chosen.offered < most;
    if (!isWhole) break;
  }

  return {
    entries: chosen.kept,
    method: isWhole ? 'a random choice of all of them' : `a random choice of the first ${chosen.offered} by key`,
    isComplete: isWhole && chosen.offered <= size,
    isRandom: isWhole,
    looked: chosen.offered,
  };
}

/** It may draw a document twice, which counts once. */
async function draw(context: MongodbContext, { size, signal }: SampleOptions, whole: number): Promise<Sample> {
  const drawn = Math.min(size * DRAWN_FOR_EACH, Math.max(1, Math.floor(whole * CHEAP_SHARE)));
  const listed = lister(context, {});
  const found = context.connection.stream(async function* ({ entries, now }, answers) {
    const documents = entries.aggregate<Listed>(
      [{ $sample: { size: drawn } }, { $match: { _id: idsUnder(context.prefix), expires_at: later(now()) } }, MEASURE],
      AS_STORED,
    );
    for await (const document of answers(documents)) yield listed(document, now());
  });
  const chosen = new Map<string, SampledEntry>();
  for await (const { key, ...entry } of found) {
    signal?.throwIfAborted();
    chosen.set(key, { size: entry.size, ttl: entry.ttl });
    if (chosen.size >= size) break;
  }

  return {
    entries: [...chosen.values()],
    method: 'drawn by $sample',
    isComplete: false,
    isRandom: true,
    looked: drawn,
  };
}
