import type { Value } from '../../codecs/value.js';
import type { NewEntry, StoredEntry, Ttl } from '../contract/store.js';

export interface EncodedEntry<Stored = Buffer> {
  readonly key: string;
  readonly stored: Stored;
  readonly ttl: Ttl;
}

/** @param flags of `NewEntry` */
type Encode<Stored> = (value: Value, flags?: number) => Stored;

/** Entries of one step: enough that its own cost is spread thin, few enough that others get their turn. */
const ENTRIES = 1000;

/** Bytes, so that memory is bounded however large the values are. */
const BYTES = 4 * 1024 * 1024;

/**
 * The entries, encoded, in batches of one transaction or round trip each.
 * @param most how many entries a batch has at most, of those that are there already: who waits for more of them should not
 * have to wait for many until some are stored
 */
export async function* batches<Stored extends { readonly length: number }>(
  entries: AsyncIterable<NewEntry> | Iterable<NewEntry>,
  encode: Encode<Stored>,
  most = ENTRIES,
): AsyncGenerator<ReadonlyArray<EncodedEntry<Stored>>> {
  const isThere = Symbol.iterator in entries;
  const filling = new Filling(encode, isThere ? most : ENTRIES);
  if (isThere) {
    // To wait for each of what is there already would cost more than to store it.
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

  /** Whether that fills the batch. */
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

/** Entries that are encoded already, in such batches. */
export function* storedBatches(entries: readonly StoredEntry[], most = ENTRIES): Generator<readonly StoredEntry[]> {
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
