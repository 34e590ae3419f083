import type { Value } from '../../codecs/value.js';
import type { CachectlError } from '../../errors.js';
import type { EventsOptions, EventSource, EventStream, EventType } from './events.js';
import type { Inspection } from './inspection.js';
import type {
  CountOptions,
  EntryFilter,
  EntryPages,
  FlushOnlyOptions,
  FlushOnlyResult,
  ListEntriesOptions,
} from './listing.js';
import type { ListedLock, ListLocksOptions, LockStream, Waiter, Waiting, WatchLocksOptions } from './locks.js';
import type { PlaceDoubt } from './place.js';
import type { Sample, SampleOptions, StatsOptions, StoreStats } from './stats.js';
import type { TagIndex, TagListing } from './tags.js';

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

/** What a flush hits. */
export interface FlushOptions extends BulkOptions {
  /** `prefix`: what lies under the profile's prefix. `all`: the whole database, whoever wrote it. */
  readonly scope: 'all' | 'prefix';
  /** Also flush locks, those that can be told from entries. `scope: 'all'` always takes them. */
  readonly locks: boolean;
  /** Count only. */
  readonly dryRun: boolean;
}

export interface FlushResult {
  /** Entries removed (or that would be), and locks where they go too; bookkeeping of tags is not counted. */
  readonly removed: number;
  /** Locks that were recognised and kept. */
  readonly keptLocks: number;
  /** What lies in the scope and was neither counted nor removed, since no cache wrote it. */
  readonly leftOthers?: number;
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
   * What was acknowledged before an error stays, and is told through `onProgress`.
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

/** An ordered list of tag names; entries put here are found again by the same names in the same order. */
export interface Tagged extends Repository {
  /**
   * Removes every entry that carries ANY of the names, whatever else it carries. Returns how many, or undefined where
   * the store puts them out of reach without looking at them (Memcached).
   */
  flush(options: BulkOptions & { readonly dryRun: boolean }): Promise<number | undefined>;
  /**
   * The key, without the store's prefix, under which Laravel keeps an entry within these tags; undefined where a tag is
   * unknown, so that there is none. Left out where Laravel has no tags.
   */
  keyOf?(key: string): Promise<string | undefined>;
}

export interface LockHolder {
  readonly owner: string;
  /** Seconds left; null when the lock never expires; undefined where the store does not tell. */
  readonly ttl: Ttl | undefined;
  /** The same in milliseconds, where the store counts so finely: when trying to get it is worth it. */
  readonly leftMs?: number;
}

/**
 * A lock by name. Not re-entrant: acquiring again with the same owner is refused, on every driver
 * (Laravel's database lock would let it in, which lets two CI jobs of one name share a lock).
 */
export interface Lock {
  /** Atomic; one attempt. */
  acquire(owner: string, ttl: Ttl): Promise<boolean>;
  /** Atomic; false when `owner` does not hold it (any more). */
  release(owner: string): Promise<boolean>;
  /** Whoever holds it. False when nobody did. */
  forceRelease(): Promise<boolean>;
  /** Atomic; sets the ttl anew. False when `owner` does not hold it (any more). */
  refresh(owner: string, ttl: Ttl): Promise<boolean>;
  /** Undefined when it is free. */
  holder(): Promise<LockHolder | undefined>;
  /** Those who wait, as far as the store knows them. Left out where waiting leaves no trace. */
  waiters?(): Promise<readonly Waiter[]>;
  /** For an owner that did not get it and is going to try again. Left out where there is no news to wait for. */
  startWaiting?(owner: string): Promise<Waiting>;
}

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

/** What a store found out about itself, for `doctor`. */
export interface Finding {
  /** What was looked at: `index on tags`. */
  readonly subject: string;
  /** `warning`: it works, and not as well as it could. `skipped`: it was not looked at, and the message says why. */
  readonly state: 'fault' | 'ok' | 'skipped' | 'warning';
  /** What is so, in one line. */
  readonly message: string;
  /** What to do, as a sentence; of what is not ok. */
  readonly hint?: string;
  /** Absent where only a person can put it right. */
  readonly fix?: Fix;
  /** Of a fault that an error showed: the exit code is its. */
  readonly cause?: CachectlError;
}

/** A change of the server that is safe, and safe to make twice. Never made unasked. */
export interface Fix {
  /** In the present tense: `creates the index tags_1 on cache`. */
  readonly effect: string;
  apply(): Promise<void>;
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
