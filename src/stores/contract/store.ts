import type { Finding, PlaceDoubt } from './doctor.js';
import type { Repository } from './entries.js';
import type { EventsOptions, EventSource, EventStream, StoreEvents } from './events.js';
import type { EntryFilter, FlushOnlyOptions, FlushOnlyResult, FlushOptions, FlushResult } from './flush.js';
import type { Inspection, InspectOptions } from './inspection.js';
import type { CountOptions, EntryPages, ListEntriesOptions } from './listing.js';
import type { ListedLock, ListLocksOptions, Lock, LockStream, WatchLocksOptions } from './locks.js';
import type { Limits, Operation } from './operations.js';
import type { Sample, SampleOptions, StatsOptions, StoreStats } from './stats.js';
import type { Tagged, TagIndex } from './tags.js';

export type { Finding, Fix } from './doctor.js';
export type {
  BulkOptions,
  Entry,
  NewEntry,
  OnProgress,
  Progress,
  Reading,
  ReadOptions,
  Repository,
  StoredEntry,
  Ttl,
} from './entries.js';
export type { FlushOptions, FlushResult } from './flush.js';
export type { Lock, LockHolder } from './locks.js';
export type { Tagged } from './tags.js';

/** Facts about a store that none of its methods expresses. */
export interface Traits {
  /** Entries and locks report how long they have left. */
  readonly ttls: boolean;
  /** Listings report idle times (`ListedEntry.idle`). */
  readonly idleTimes?: boolean;
  /** Pages of a listing have a position (`EntryPage.place`) after which another process can resume. */
  readonly listingPlaces?: boolean;
  /** A flush of tags counts the entries that it removes. */
  readonly countsTagged?: boolean;
  /** Locks take a TTL in milliseconds; otherwise in whole seconds. */
  readonly lockMilliseconds?: boolean;
  /**
   * `separate`: locks are stored apart from the entries. `among-entries`: they are recognized by name or owner format.
   */
  readonly lockStorage: 'among-entries' | 'separate';
  /** The longest key in bytes, including the prefix, without white space. Absent if any key works. */
  readonly keyBytes?: number;
}

/** `taken`: the new key is in use, and must not be replaced. */
export type RenameOutcome = 'missing' | 'renamed' | 'taken';

/** Options that the caller sets and not the profile. */
export interface OpenOptions {
  /** Timeout for connecting, for each reply and for a locked file, in milliseconds. */
  readonly timeoutMs: number;
  /**
   * Called before a table of cachectl is created in an application's database.
   * @throws CachectlError if it may not be created. Absent: it may not.
   */
  readonly mayCreate?: (creation: Creation) => Promise<void>;
}

/** What a write needs, for the person who is asked. */
export interface Creation {
  /** `the table cachectl_tags`. */
  readonly what: string;
  /** `which holds the tags of entries`. */
  readonly purpose: string;
  /** The location of the store. */
  readonly where: string;
}

/**
 * A cache that a driver opens for a profile. Connects on first use. A method that a driver leaves out is an operation
 * that it lacks: cachectl falls back to another way or throws an UnsupportedError.
 */
export interface DriverStore extends Repository {
  readonly driver: string;
  /** Where the cache is, for people: a server or a file, never a password. */
  readonly location: string;
  /** Where locks are stored, for people, if the flush scope `all` does not include them. */
  readonly lockLocation?: string;
  readonly prefix: string;
  readonly traits: Traits;
  /** Why operations are missing. Absent if that is due to the driver. */
  readonly limits?: Limits;

  /** The keys under the prefix that match the glob (`*`, `?`, `[a-z]`), without prefix, in constant memory. */
  keys?(pattern?: string): AsyncIterable<string>;

  /** Count matching keys, if that is faster than listing them. */
  count?(options?: CountOptions): Promise<number>;

  /** List entries with size, TTL and more. */
  entries?(options?: ListEntriesOptions): EntryPages;

  /** The scope `prefix` is requested only if keys can be listed. */
  flush(options: FlushOptions): Promise<FlushResult>;

  /**
   * Remove the matching entries under the prefix, page by page. Keeps locks like `flush`. An entry that is replaced or
   * used between check and removal stays, if the server can do both atomically.
   * @throws UnsupportedError for `idleFor` without `Traits.idleTimes`; nothing is removed
   */
  flushOnly?(only: EntryFilter, options: FlushOnlyOptions): Promise<FlushOnlyResult>;

  /**
   * Atomic: gives an entry without tags another key, with its ttl. Undefined where these two keys cannot be changed in one
   * step. Without it, cachectl stores the new entry, then removes the old one.
   */
  rename?(from: string, to: string, options: { readonly overwrite: boolean }): Promise<RenameOutcome | undefined>;

  tags?(names: readonly string[]): Tagged;

  /** Everything that is known about a key, even after a miss; within `tags` if given. Without it, `get` is used. */
  inspect?(key: string, tags?: readonly string[], options?: InspectOptions): Promise<Inspection>;

  /** The tags, and the entries that have them. */
  tagIndex?(): Promise<TagIndex>;

  lock?(name: string): Lock;

  /** List held locks under the prefix, as far as they can be recognized, in constant memory. */
  locks?(options?: ListLocksOptions): AsyncIterable<ListedLock>;

  /** Watch locks with the server's own events. Without it, cachectl polls them. */
  watchLocks?(names: readonly string[], options: WatchLocksOptions): Promise<LockStream>;

  readonly events?: StoreEvents;

  /**
   * Check the connection to the servers step by step: name, TCP, TLS, authentication. Stops at a fault that later steps
   * depend on.
   */
  checkConnection?(): AsyncIterable<Finding>;

  /** Check how the server is set up, the most basic finding first. */
  diagnose?(): AsyncIterable<Finding>;

  /** The servers' statistics. A server that does not answer, or a missing permission, does not affect the others. */
  stats?(options?: StatsOptions): Promise<StoreStats>;

  /** Sizes and TTLs of some entries under the prefix, in bounded time for any number of entries. */
  sample?(options: SampleOptions): Promise<Sample>;

  /**
   * What a first write would create, in a few words (`the file /var/cache.sqlite`); undefined if nothing. Absent if
   * nothing is ever created.
   */
  unmade?(place: 'entries' | 'locks' | 'tags'): Promise<string | undefined>;

  /** The server's Unix time in milliseconds, which all clients share. Without it, the local clock is used. */
  serverTime?(): Promise<number>;

  /**
   * Drop the connections after an outage, so that the next request opens new ones. Never throws. Absent if requests
   * reconnect on their own.
   * @param options `onlyClosed`: keep open connections. Servers close those that were idle for long, as at a prompt.
   */
  reconnect?(options?: { readonly onlyClosed?: boolean }): Promise<void>;

  /**
   * Check before a command whether entries or locks are where the profile says. Undefined if so, or if the user may not
   * look. Absent if every location exists.
   */
  doubt?(place: 'entries' | 'locks'): Promise<PlaceDoubt | undefined>;

  /** Never hangs, never throws. */
  close(): Promise<void>;
}

/**
 * An opened store. Operations that its driver lacks throw an UnsupportedError, or are undefined if cachectl has a
 * fallback.
 */
export interface Store extends Omit<DriverStore, 'events' | 'keys' | 'lock' | 'tags'> {
  /** Whether its driver has the operation. */
  supports(operation: Operation): boolean;

  /** @throws UnsupportedError */
  keys(pattern?: string): AsyncIterable<string>;

  /** @throws UnsupportedError */
  tags(names: readonly string[]): Tagged;

  /** @throws UnsupportedError */
  lock(name: string): Lock;

  /** Empty if there are no events; otherwise the cheapest source for the server first. */
  readonly eventSources: readonly EventSource[];

  /** @throws UnsupportedError */
  events(options: EventsOptions): Promise<EventStream>;
}
