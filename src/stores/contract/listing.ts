import type { Reading, Ttl } from './entries.js';
import type { ToldBy } from './locks.js';

/** What a listing says of an entry beside its key. */
export interface ListedEntry {
  /** Without prefixes; of a tagged entry with the hash of its tags before it, as it lies in the store and as `keys` gives it. */
  readonly key: string;
  /** Bytes of the stored value; on Memcached what the item takes in all, key and header included. */
  readonly size: number;
  /** The size is what the entry takes in memory, since to ask for the length of its value would count as a use. */
  readonly isMemorySize?: boolean;
  /** Seconds left; null when it never expires; undefined where the store does not tell. */
  readonly ttl: Ttl | undefined;
  /** Seconds since it was last read or written; where `Traits.idleTimes` says so, and the server does tell. */
  readonly idle?: number;
  /** How it was told to be a lock, where locks lie among the entries. */
  readonly lock?: ToldBy;
  /** Those that it carries, in the order in which they were put as far as it is known; of `tags`. */
  readonly tags?: readonly string[];
  /** What it holds, or why it cannot be read; of `contents`. */
  readonly reading?: Exclude<Reading, undefined>;
}

export interface ListEntriesOptions {
  readonly signal?: AbortSignal;
  /** A glob on the key. */
  readonly pattern?: string;
  /** Read what they hold, too. What is gone by then is left out. */
  readonly contents?: boolean;
  /** Tell which tags they carry, also where that costs questions to the server. */
  readonly tags?: boolean;
  /** Tell since when they have not been used. Reading what they hold would change that, so it is asked first. */
  readonly idle?: boolean;
  /** Tell of pages at which place another listing can go on; a page may then be empty, and tell its place alone. */
  readonly places?: boolean;
  /**
   * Go on there: the place of a page that a listing of the same store gave, with the same pattern. What was there all the
   * time is in that page, in one before it, or comes now. Where `Traits.listingPlaces` says so; other stores pass over it.
   * @throws LostPlaceError, before the first page, where the server cannot go on there any more
   */
  readonly after?: string;
}

export interface CountOptions {
  readonly signal?: AbortSignal;
  /** A glob on the key. */
  readonly pattern?: string;
}

/**
 * Entries under the prefix, those that count, page by page in constant memory; tags' bookkeeping is left out. An entry that
 * was there all the time is given once at least; on Redis it may come twice while the server rehashes.
 */
export type EntryPages = AsyncIterable<EntryPage>;

export interface EntryPage extends ReadonlyArray<ListedEntry> {
  /** Where another listing can go on behind it; of `places`, where it can. For the store alone to read. */
  readonly place?: string;
}

/** The entries as a page that tells its place. */
export function pageAt(entries: readonly ListedEntry[], place: string | undefined): EntryPage {
  return place === undefined ? entries : Object.assign(entries, { place });
}
