import type { Finding, PlaceDoubt } from './doctor.js';
import type { Repository } from './entries.js';
import type { EventsOptions, EventSource, EventStream, StoreEvents } from './events.js';
import type { EntryFilter, FlushOnlyOptions, FlushOnlyResult, FlushOptions, FlushResult } from './flush.js';
import type { Inspection } from './inspection.js';
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
  /** Listings report how long an entry has not been used (`ListedEntry.idle`). */
  readonly idleTimes?: boolean;
  /** Pages of a listing have a position (`EntryPage.place`) behind which another process can continue. */
  readonly listingPlaces?: boolean;
  /** A flush of tags counts the entries that it removes. */
  readonly countsTagged?: boolean;
  /** Locks take a TTL in milliseconds; otherwise in whole seconds. */
  readonly lockMilliseconds?: boolean;
  /** `apart`: locks have a place of their own. `by-form`: they lie among the entries, told by name or owner form. */
  readonly locksToldFromEntries: 'apart' | 'by-form';
  /** The longest key in bytes, prefix included, without white space; left out where any key works. */
  readonly keyBytes?: number;
}

/** `taken`: the new key is in use, and was not to be replaced. */
export type RenameOutcome = 'missing' | 'renamed' | 'taken';

/** What the caller of a driver decides, rather than the profile. */
export interface OpenOptions {
  /** Timeout for connecting, for each answer and for a locked file, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * One cache, as its driver opens it for one profile. Connects on first use. A method that a driver leaves out is an
 * operation that it lacks: cachectl falls back to another way, or throws an UnsupportedError.
 */
export interface DriverStore extends Repository {
  readonly driver: string;
  /** Where it is, for people: a server or a file, never a password. */
  readonly location: string;
  /** Where locks are, for people, if a flush of `all` does not reach them. */
  readonly lockLocation?: string;
  readonly prefix: string;
  readonly traits: Traits;
  /** Of the operations that it lacks. Left out where the name of the driver is reason enough. */
  readonly limits?: Limits;

  /** Keys under the prefix, without it, that match the glob (`*`, `?`, `[a-z]`); constant memory. */
  keys?(pattern?: string): AsyncIterable<string>;

  /** How many keys match, if that is faster than listing them. */
  count?(options?: CountOptions): Promise<number>;

  /** Entries with what a listing knows of each. */
  entries?(options?: ListEntriesOptions): EntryPages;

  /** With the scope `prefix` it is called only where keys can be listed. */
  flush(options: FlushOptions): Promise<FlushResult>;

  /**
   * Removes the entries under the prefix that match, page by page. Keeps locks by the rules of `flush`. An entry that is
   * replaced or used between the look and the removal stays, where the server can hold the two together.
   * @throws UnsupportedError of `idleFor` without `Traits.idleTimes`; nothing is removed then
   */
  flushOnly?(only: EntryFilter, options: FlushOnlyOptions): Promise<FlushOnlyResult>;

  /**
   * Atomic: gives an entry without tags another key, with its ttl. Undefined where these two keys cannot be changed in one
   * step. Without it, cachectl stores the new entry, then removes the old one.
   */
  rename?(from: string, to: string, options: { readonly overwrite: boolean }): Promise<RenameOutcome | undefined>;

  tags?(names: readonly string[]): Tagged;

  /** Everything that is known of one key, of a miss too; within tags where they are given. Without it, what `get` says. */
  inspect?(key: string, tags?: readonly string[]): Promise<Inspection>;

  /** Which tags there are, and which entries carry them. */
  tagIndex?(): Promise<TagIndex>;

  lock?(name: string): Lock;

  /** Locks that are held under the prefix, as far as they can be recognised; constant memory. */
  locks?(options?: ListLocksOptions): AsyncIterable<ListedLock>;

  /** What happens to locks, from the server's own view. Without it, cachectl polls them. */
  watchLocks?(names: readonly string[], options: WatchLocksOptions): Promise<LockStream>;

  readonly events?: StoreEvents;

  /**
   * The connection to the servers, step by step: names, connections, TLS, login. Stops at a step that the next ones need.
   */
  reach?(): AsyncIterable<Finding>;

  /** How the server is set up, the most basic finding first. */
  diagnose?(): AsyncIterable<Finding>;

  /** What its servers report. A server that does not answer, or a missing permission, does not keep back the rest. */
  stats?(options?: StatsOptions): Promise<StoreStats>;

  /** Sizes and TTLs of some entries under the prefix, in bounded time however many there are. */
  sample?(options: SampleOptions): Promise<Sample>;

  /**
   * What a first write there would create, in a few words (`the file /var/cache.sqlite`); undefined if nothing. Left out
   * where there is never anything to create.
   */
  unmade?(place: 'entries' | 'locks' | 'tags'): Promise<string | undefined>;

  /** Unix time in milliseconds by the server's clock, which all clients share. Without it, the local clock counts. */
  serverTime?(): Promise<number>;

  /**
   * Drops its connections, so that the next request opens new ones, after an outage. Never throws. Left out where the next
   * request after a failure reconnects.
   */
  reconnect?(): Promise<void>;

  /**
   * Whether entries or locks are where the profile says, asked before a command. Undefined when all is well, or this user
   * may not look. Left out where every place exists.
   */
  doubt?(place: 'entries' | 'locks'): Promise<PlaceDoubt | undefined>;

  /** Never hangs, never throws. */
  close(): Promise<void>;
}

/** An opened store. The operations that its driver lacks throw an UnsupportedError, or are undefined if cachectl can do without. */
export interface Store extends Omit<DriverStore, 'events' | 'keys' | 'lock' | 'tags'> {
  /** Whether its driver has the operation. */
  supports(operation: Operation): boolean;

  /** @throws UnsupportedError */
  keys(pattern?: string): AsyncIterable<string>;

  /** @throws UnsupportedError */
  tags(names: readonly string[]): Tagged;

  /** @throws UnsupportedError */
  lock(name: string): Lock;

  /** Empty where there are no events; the cheapest for the server first. */
  readonly eventSources: readonly EventSource[];

  /** @throws UnsupportedError */
  events(options: EventsOptions): Promise<EventStream>;
}
