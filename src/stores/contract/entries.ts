import type { Value } from '../../codecs/value.js';

/** Seconds, or null for "never expires". */
export type Ttl = number | null;

/** The value of a key. `stored` is exact; `decode` runs on demand. */
export interface Entry {
  /** The bytes as the store holds them. */
  readonly stored: Buffer;
  /** Seconds left, at least 1; null if the entry never expires; undefined if the store does not report it. */
  readonly ttl: Ttl | undefined;
  /** Memcached's flags, if they differ from those that the codec would set. */
  readonly flags?: number;
  /** @throws UndecodableError if the codec of the profile cannot read the bytes */
  decode(): Value;
  /** The value as JSON without decoding it; undefined if it has to be decoded. See `Codec.toJson`. */
  toJson?(): string | undefined;
  /**
   * The form that `putStored` accepts, if `stored` is not the whole value: on Memcached it includes the flags. Absent
   * if `stored` is enough.
   */
  inForm?(): Buffer;
}

export interface NewEntry {
  readonly key: string;
  readonly value: Value;
  readonly ttl: Ttl;
  /** Memcached's flags, to restore those of `Entry.flags`. Other stores have none. */
  readonly flags?: number;
}

/** An entry in stored form: `Entry.inForm()`, or the stored bytes if that is absent. */
export interface StoredEntry {
  readonly key: string;
  readonly stored: Buffer;
  readonly ttl: Ttl;
}

/** Reports the progress of a bulk operation. Called often, so it must be cheap. */
export type OnProgress = (done: Progress) => void;

export interface Progress {
  /** What the server has confirmed. */
  readonly done: number;
  /** An estimate of the total, if there is one. */
  readonly total?: number;
}

export interface BulkOptions {
  /** Aborts before the first step or between steps, with its reason as the error. Completed steps stay. */
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  /** A person sees the total, so it is worth counting first. */
  readonly wantsTotal?: boolean;
}

export interface ReadOptions {
  /** False lets a store leave the TTL undefined, if reading it takes another round trip. */
  readonly withTtl?: boolean;
}

/** Reads and writes by key, in a whole store or within tags. */
export interface Repository {
  /** Undefined for a miss. @throws WrongTypeError */
  get(key: string): Promise<Entry | undefined>;

  /** Few round trips. Results are in the order of `keys`. A key that holds no entry yields its error. */
  many(keys: readonly string[], options?: ReadOptions): Promise<ReadonlyArray<Reading>>;

  put(key: string, value: Value, ttl: Ttl): Promise<void>;

  /**
   * Store entries in bounded memory. @returns how many were stored
   * Entries that were confirmed before an error stay; `onProgress` reports them.
   */
  putMany(entries: AsyncIterable<NewEntry> | Iterable<NewEntry>, options?: BulkOptions): Promise<number>;

  /** The form of stored bytes, such as `redis php`, if `putStored` is supported. */
  readonly storedForm?: string;

  /**
   * Like `putMany`, for entries from a store with the same form, including values that cannot be decoded.
   * @throws InputError if bytes are not in that form, where this can be detected
   */
  putStored?(entries: readonly StoredEntry[], options?: BulkOptions): Promise<number>;

  /** Atomic: store only if absent. False if the key exists. @param flags see `NewEntry` */
  add(key: string, value: Value, ttl: Ttl, flags?: number): Promise<boolean>;

  /**
   * Atomic: store `value` in place of what was read before. Keeps the TTL. False if the entry has changed or is gone.
   * Without it, cachectl reads again just before it writes.
   */
  replace?(key: string, expected: Entry, value: Value): Promise<boolean>;

  /**
   * Atomic. Keeps the TTL; a missing key starts at 0 and never expires. `by` may be negative.
   * @throws NotANumberError; the value is unchanged
   */
  increment(key: string, by: bigint): Promise<bigint>;

  /** Set a new TTL. False if the key does not exist. */
  touch(key: string, ttl: Ttl): Promise<boolean>;

  /** One round trip. Returns whether each key existed. */
  forget(keys: readonly string[]): Promise<readonly boolean[]>;

  /** Read and remove, atomically. */
  pull(key: string): Promise<Entry | undefined>;
}

/** The result of `many` for one key: a hit, a miss, or why the key cannot be read as an entry. */
export type Reading = Entry | Error | undefined;
