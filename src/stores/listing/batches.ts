import type { Value } from '../../codecs/value.js';
import type { NewEntry, StoredEntry, Ttl } from '../contract/store.js';

export interface EncodedEntry<Stored = Buffer> {
  readonly key: string;
  readonly stored: Stored;
  readonly ttl: Ttl;
}

/** @param flags see `NewEntry` */
type Encode<Stored> = (value: Value, flags?: number) => Stored;

/** Entries per batch: enough to spread its cost, few enough to let others write in between. */
export const PAGE_SIZE = 1000;

/** The byte limit that bounds memory. */
const BYTES = 4 * 1024 * 1024;

/**
 * Encode entries in batches of one transaction or round trip each.
 * @param most the limit for entries that are already available, so that a slow source gets its first entries stored
 * early
 */
export async function* batches<Stored extends { readonly length: number }>(
  entries: AsyncIterable<NewEntry> | Iterable<NewEntry>,
  encode: Encode<Stored>,
  most = PAGE_SIZE,
): AsyncGenerator<ReadonlyArray<EncodedEntry<Stored>>> {
  const isThere = Symbol.iterator in entries;
  const filling = new Filling(encode, isThere ? most : PAGE_SIZE);
  if (isThere) {
    // Awaiting each available entry would cost more than storing it.
    for (const entry of entries) if (filling.add(entry)) yield filling.take();
  } else {
    for await (const entry of entries) if (filling.add(entry)) yield filling.take();
  }

  if (filling.holdsSome) yield filling.take();
}

class Filling<Stored extends { readonly length: number }> {
  readonly #encode: Encode<Stored>;
  readonly #most: number;
  #batch: Array<EncodedEntry<Stored>> = [];
  #bytes = 0;

  constructor(encode: Encode<Stored>, most: number) {
    this.#encode = encode;
    this.#most = most;
  }

  get holdsSome(): boolean {
    return this.#batch.length > 0;
  }

  /** Returns whether the batch is full. */
  add({ key, value, ttl, flags }: NewEntry): boolean {
    const stored = this.#encode(value, flags);
    this.#batch.push({ key, stored, ttl });
    this.#bytes += stored.length;
    return this.#batch.length >= this.#most || this.#bytes >= BYTES;
  }

  take(): ReadonlyArray<EncodedEntry<Stored>> {
    const batch = this.#batch;
    this.#batch = [];
    this.#bytes = 0;
    return batch;
  }
}

/** The same for entries that are already encoded. */
export function* storedBatches(entries: readonly StoredEntry[], most = PAGE_SIZE): Generator<readonly StoredEntry[]> {
  let start = 0;
  let bytes = 0;
  for (const [index, { stored }] of entries.entries()) {
    bytes += stored.length;
    if (index + 1 - start < most && bytes < BYTES) continue;
    yield entries.slice(start, index + 1);
    start = index + 1;
    bytes = 0;
  }

  if (start < entries.length) yield entries.slice(start);
}
