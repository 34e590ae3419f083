import type { Finding, PlaceDoubt } from './doctor.js';
import type { Repository } from './entries.js';
import type { EventsOptions, EventSource, EventStream, EventType } from './events.js';
import type { EntryFilter, FlushOnlyOptions, FlushOnlyResult, FlushOptions, FlushResult } from './flush.js';
import type { Inspection } from './inspection.js';
import type { CountOptions, EntryPages, ListEntriesOptions } from './listing.js';
import type { ListedLock, ListLocksOptions, Lock, LockStream, WatchLocksOptions } from './locks.js';
import type { Sample, SampleOptions, StatsOptions, StoreStats } from './stats.js';
import type { Tagged, TagIndex, TagListing } from './tags.js';

export type { Finding, Fix } from './doctor.js';
export type {
  BulkOptions,
  Entry,
  NewEntry,
  OnProgress,
  Progress,
  Reading,
  Repository,
  StoredEntry,
  Ttl,
} from './entries.js';
export type { FlushOptions, FlushResult } from './flush.js';
export type { Lock, LockHolder } from './locks.js';
export type { Tagged } from './tags.js';

/** What a driver can do; commands answer the rest with UnsupportedError. */
export interface Capabilities {
  /** Keys can be listed, and so flushed by prefix. */
  readonly listing: boolean;
  /** Reading tells how long entries and locks have left. */
  readonly ttls: boolean;
  /** A listing can tell since when an entry has not been used; left out where nothing of the kind is known. */
  readonly idleTimes?: boolean;
  /** Pages of a listing tell places after which another listing, of another process too, goes on. */
  readonly listingPlaces?: boolean;
  readonly tags: boolean;
  /** A flush of tags knows how many entries it took. */
  readonly countsTagged: boolean;
  /** What of tags can be listed (`Store.tagIndex`). */
  readonly tagListing: TagListing;
  readonly locks: boolean;
  /** Locks count their ttl in milliseconds; left out where they count whole seconds. */
  readonly lockMilliseconds?: boolean;
  /** Locks that are held can be listed (`Store.locks`), as far as they can be told. */
  readonly lockListing: boolean;
  /** Waiters of cachectl are known to the store (`Lock.waiters`). */
  readonly lockWaiters: boolean;
  /** What the first of its sources tells. */
  readonly events: readonly EventType[];
  /** The cheapest for the server first; left out where there is one only, that bears the driver's name. */
  readonly eventSources?: readonly EventSource[];
  /** `apart`: locks have a place of their own. `by-form`: they lie among the entries, told by name or owner form. */
  readonly locksToldFromEntries: 'apart' | 'by-form';
  /** How long keys may be, prefix included, where they may hold no white space; left out where any key will do. */
  readonly keyBytes?: number;
}

/** What the caller of a driver decides, rather than the profile. */
export interface OpenOptions {
  /** How long the store may take to connect, to answer, or to let go of a locked file, in milliseconds. */
  readonly timeoutMs: number;
}

/** One cache, as configured by one profile. Connects on first use. */
export interface Store extends Repository {
  readonly driver: string;
  /** Where it is, for people: a server or a file, never a password. */
  readonly location: string;
  /** Where locks are, for people, when they are in another place that a flush of `all` does not reach. */
  readonly lockLocation?: string;
  readonly prefix: string;
  readonly capabilities: Capabilities;

  /**
   * Keys under the prefix, without it, that match the glob (`*`, `?`, `[a-z]`); constant memory.
   * @throws UnsupportedError
   */
  keys(pattern?: string): AsyncIterable<string>;

  /** How many those are, as fast as the store can say it; left out where they have to be listed for that. */
  count?(options?: CountOptions): Promise<number>;

  /** The same with what is known of each; left out where keys cannot be listed. */
  entries?(options?: ListEntriesOptions): EntryPages;

  flush(options: FlushOptions): Promise<FlushResult>;

  /**
   * Removes the entries under the prefix that match, page by page. Locks are kept by the rules of `flush`. What is replaced or
   * used between the look and the removal stays, where the server can hold the two together. Left out where keys cannot
   * be listed.
   * @throws UnsupportedError of `idleFor`, where the store does not tell that; nothing is done then
   */
  flushOnly?(only: EntryFilter, options: FlushOnlyOptions): Promise<FlushOnlyResult>;

  /** @throws UnsupportedError */
  tags(names: readonly string[]): Tagged;

  /** Everything that is known of one key, of a miss too; within tags where they are given. Left out where `get` says it all. */
  inspect?(key: string, tags?: readonly string[]): Promise<Inspection>;

  /** Which tags there are, and what carries them; left out where nothing of the kind can be listed. */
  tagIndex?(): Promise<TagIndex>;

  /** @throws UnsupportedError */
  lock(name: string): Lock;

  /** Locks that are held under the prefix, as far as they can be told; constant memory. Left out where they cannot. */
  locks?(options?: ListLocksOptions): AsyncIterable<ListedLock>;

  /** What happens to locks, from the server's own view. Left out where there is none: then they are asked for, again and again. */
  watchLocks?(names: readonly string[], options: WatchLocksOptions): Promise<LockStream>;

  /** @throws UnsupportedError */
  events(options: EventsOptions): Promise<EventStream>;

  /**
   * The way to the servers, step by step: names, connections, TLS, logging in. Ends where the ground for the next step is
   * missing. Left out where there is no way to go.
   */
  reach?(): AsyncIterable<Finding>;

  /** What there is to say of the server and how it is set up, the most basic first; left out where there is nothing. */
  diagnose?(): AsyncIterable<Finding>;

  /**
   * What its servers tell of themselves. A server that cannot be asked, and a permission that is missing, do not keep back
   * the rest. Left out where there is nothing to tell.
   */
  stats?(options?: StatsOptions): Promise<StoreStats>;

  /** Sizes and ttls of some entries under the prefix, found in bounded time however many there are. Left out where keys cannot be listed. */
  sample?(options: SampleOptions): Promise<Sample>;

  /**
   * What a first write there would have to make, in a few words (`the file /var/cache.sqlite`); undefined where all is there.
   * Left out where there is never anything to make.
   */
  unmade?(place: 'entries' | 'locks' | 'tags'): Promise<string | undefined>;

  /**
   * Unix time in milliseconds by the server's clock, which all clients share. Left out where there is none but the local one.
   */
  serverTime?(): Promise<number>;

  /**
   * Gives up its connections, so that the next question opens new ones: for whoever goes on after an outage. Never throws.
   * Left out where the next request after a failure reconnects.
   */
  reconnect?(): Promise<void>;

  /**
   * Whether entries or locks are where the profile says, asked before a command: undefined when all is well, or nobody may
   * look. Left out where every place is there.
   */
  doubt?(place: 'entries' | 'locks'): Promise<PlaceDoubt | undefined>;

  /** Never hangs, never throws. */
  close(): Promise<void>;
}
