import type { Sample, SampledEntry, SampleOptions } from '../../contract/stats.js';
import type { MongodbContext } from '../context.js';

import { RefusedError } from '../../../errors.js';
import { Reservoir } from '../../listing/reservoir.js';
import { later } from '../expiry.js';
import { idsUnder } from '../keys.js';
import { AS_STORED } from '../values.js';
import { type Listed, listEntries, lister, MEASURE } from './entries.js';

/** Documents of a collection that are gone through one by one; from a larger one the server draws. */
const MOST_WALKED = 100_000;

/** Documents that are drawn for each that is wanted, of which many may lie under other prefixes. */
const DRAWN_FOR_EACH = 20;

/** Of a collection: up to that share the server draws at random places, rather than going through all of it. */
const CHEAP_SHARE = 0.04;

/** A fair choice among all, or by $sample where there are many; where the server has none of that, the first in order. */
export async function sample(
  context: MongodbContext,
  options: SampleOptions,
  mostWalked = MOST_WALKED,
): Promise<Sample> {
  options.signal?.throwIfAborted();
  const whole = await context.connection.run(async ({ entries }) => entries.estimatedDocumentCount());
  if (whole <= mostWalked) return walk(context, options, Infinity);
  try {
    return await draw(context, options, whole);
  } catch (error) {
    // An answer, and it is no.
    if (!(error instanceof RefusedError)) throw error;
    return walk(context, options, mostWalked);
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
    method: isWhole
      ? 'a fair choice among all of them'
      : `a choice among the first ${chosen.offered} in the order of their keys`,
    isComplete: isWhole && chosen.offered <= size,
    isRandom: isWhole,
    looked: chosen.offered,
  };
}

/** It may draw one document twice, which is counted once. */
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
