import type { Reading, Ttl } from './entries.js';
import type { DetectedBy } from './locks.js';

/** An entry of a listing. */
export interface ListedEntry {
  /** Without prefixes. The key of a tagged entry starts with the hash of its tags, as in `keys`. */
  readonly key: string;
  /** Bytes of the stored value; on Memcached the size of the whole item, with key and header. */
  readonly size: number;
  /** The size is the memory size, because reading the length of the value would count as a use. */
  readonly isMemorySize?: boolean;
  /** Seconds left; null if it never expires; undefined if the store does not report it. */
  readonly ttl: Ttl | undefined;
  /** Seconds since it was last read or written, if `Traits.idleTimes` is set and the server reports it. */
  readonly idle?: number;
  /** How it was recognized as a lock, if locks are stored with the entries. */
  readonly lock?: DetectedBy;
  /** Its tags, in their original order if known. With the option `tags`. */
  readonly tags?: readonly string[];
  /** Its value, or why it cannot be read. With the option `contents`. */
  readonly reading?: Exclude<Reading, undefined>;
}

export interface ListEntriesOptions {
  readonly signal?: AbortSignal;
  /** A glob on the key. */
  readonly pattern?: string;
  /** Read the values, too. Entries that no longer exist are left out. */
  readonly contents?: boolean;
  /** Report tags, even if that needs requests to the server. */
  readonly tags?: boolean;
  /** Report idle times. They are read before the values, because reading would change them. */
  readonly idle?: boolean;
  /** Add positions to pages at which another listing can resume. A page may be empty and have only a position. */
  readonly places?: boolean;
  /**
   * Resume after a position from an earlier listing of the same store with the same pattern. Entries that existed all
   * the time are in an earlier page, in that page, or in this listing. Ignored without `Traits.listingPlaces`.
   * @throws LostPlaceError, before the first page, if the server cannot resume there
   */
  readonly after?: string;
}

export interface CountOptions {
  readonly signal?: AbortSignal;
  /** A glob on the key. */
  readonly pattern?: string;
}

/**
 * Pages of the entries under the prefix, without tag indexes, in constant memory. An entry that exists all the time
 * appears at least once; on Redis it can appear twice while the server rehashes.
 */
export type EntryPages = AsyncIterable<EntryPage>;

export interface EntryPage extends ReadonlyArray<ListedEntry> {
  /** The position after this page, if requested and available. Opaque to everyone but the store. */
  readonly place?: string;
  /** When the store was asked for the TTLs, in Unix milliseconds. Default: when the page arrives at its reader. */
  readonly readAt?: number;
}

/** Make a page with a position, and with the time of its TTLs where pages are fetched ahead. */
export function pageAt(entries: readonly ListedEntry[], place: string | undefined, readAt?: number): EntryPage {
  if (place === undefined && readAt === undefined) return entries;
  return Object.assign(entries, { ...(place !== undefined && { place }), ...(readAt !== undefined && { readAt }) });
}
