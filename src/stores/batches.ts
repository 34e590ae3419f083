import type { Value } from '../codecs/value.js';
import type { NewEntry, Ttl } from './contract.js';

export interface EncodedEntry<Stored = Buffer> {
  readonly key: string;
  readonly stored: Stored;
  readonly ttl: Ttl;
}

/** Entries of one step: enough that its own cost is spread thin, few enough that others get their turn. */
const ENTRIES = 1000;

/** Bytes, so that memory is bounded however large the values are. */
const BYTES = 4 * 1024 * 1024;

/** The entries, encoded, in batches of one transaction or round trip each. */
export async function* batches<Stored extends { readonly length: number }>(
  entries: AsyncIterable<NewEntry> | Iterable<NewEntry>,
  encode: (value: Value) => Stored,
): AsyncGenerator<ReadonlyArray<EncodedEntry<Stored>>> {
  let batch: Array<EncodedEntry<Stored>> = [];
  let bytes = 0;
  for await (const { key, value, ttl } of entries) {
    const stored = encode(value);
    batch.push({ key, stored, ttl });
    bytes += stored.length;
    if (batch.length < ENTRIES && bytes < BYTES) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }

  if (batch.length > 0) yield batch;
}
