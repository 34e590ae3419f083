import type { Value } from '../../codecs/value.js';

/** Seconds, or null for "never expires". */
export type Ttl = number | null;

/** What one key holds. `stored` is exact; `decode` is only done when asked for. */
export interface Entry {
  /** The bytes as the store holds them. */
  readonly stored: Buffer;
  /** Seconds left, at least 1; null when the entry never expires; undefined where the store does not tell. */
  readonly ttl: Ttl | undefined;
  /** Memcached's flags of the item, where they are not those that the codec gives it; left out otherwise. */
  readonly flags?: number;
  /** @throws UndecodableError when the profile's codec does not read these bytes */
  decode(): Value;
  /**
   * What `putStored` takes of it, where `stored` is not all that its value is: on Memcached the flags go with it. Left out
   * where it is all.
   */
  inForm?(): Buffer;
}

export interface NewEntry {
  readonly key: string;
  readonly value: Value;
  readonly ttl: Ttl;
  /** Memcached's, to be kept as `Entry.flags` told them; other stores have none. */
  readonly flags?: number;
}

/** An entry whose value is what a store holds: `Entry.inForm()`, or where that is left out the bytes. */
export interface StoredEntry {
  readonly key: string;
  readonly stored: Buffer;
  readonly ttl: Ttl;
}

/** How far a bulk operation is. Called often; must be cheap. */
export type OnProgress = (done: Progress) => void;

export interface Progress {
  /** What the server acknowledged as done. */
  readonly done: number;
  /** An estimate of the whole, when the store has one. */
  readonly total?: number;
}

export interface BulkOptions {
  /** Ends it between two steps, and before the first, with its reason as the error; what is done stays. */
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  /** Somebody sees how much there is in all, so that it is worth counting first. */
  readonly wantsTotal?: boolean;
}

/** Reading and writing by key. The same shape for a whole store and for a set of tags in it. */
export interface Repository {
  /** Hit, or undefined for a miss. @throws WrongTypeError */
  get(key: string): Promise<Entry | undefined>;

  /** One round trip. The answer has the order of `keys`; a key that holds no entry gives its error. */
  many(keys: readonly string[]): Promise<ReadonlyArray<Reading>>;

  put(key: string, value: Value, ttl: Ttl): Promise<void>;

  /**
   * Bounded in memory, whatever the length of `entries`. Returns how many were stored.
   * Entries that were acknowledged before an error stay; `onProgress` reports them.
   */
  putMany(entries: AsyncIterable<NewEntry> | Iterable<NewEntry>, options?: BulkOptions): Promise<number>;

  /** What its stored bytes are, where `putStored` takes them back: `redis php`. */
  readonly storedForm?: string;

  /**
   * As `putMany`, of what a store of the same form held: also of what cannot be read.
   * @throws InputError of what is not of that form, where that can be told
   */
  putStored?(entries: readonly StoredEntry[], options?: BulkOptions): Promise<number>;

  /** Atomic: stores only when absent. False when it was there. @param flags see `NewEntry` */
  add(key: string, value: Value, ttl: Ttl, flags?: number): Promise<boolean>;

  /**
   * Atomic: stores `value` in place of what was read before, and keeps the ttl. False if the entry has changed or is gone.
   * Without it, cachectl reads again just before it writes.
   */
  replace?(key: string, expected: Entry, value: Value): Promise<boolean>;

  /**
   * Atomic; keeps the ttl; a missing key starts at 0 and never expires. `by` may be negative.
   * @throws NotANumberError, with the value unchanged
   */
  increment(key: string, by: bigint): Promise<bigint>;

  /** Sets a new ttl. False when the key was not there. */
  touch(key: string, ttl: Ttl): Promise<boolean>;

  /** One round trip; for each key, whether it was there. */
  forget(keys: readonly string[]): Promise<readonly boolean[]>;

  /** Reads and forgets; atomic. */
  pull(key: string): Promise<Entry | undefined>;
}

/** What `many` says of one key: a hit, a miss, or why the key cannot be read as an entry. */
export type Reading = Entry | Error | undefined;
