import type { Codec } from '../../codecs/codec.js';
import type { SqliteProfile } from '../../profiles/profile.js';
import type { PlaceDoubt } from '../contract/doctor.js';
import type { EventsOptions, EventStream } from '../contract/events.js';
import type { EntryFilter, FlushOnlyOptions, FlushOnlyResult } from '../contract/flush.js';
import type { Inspection } from '../contract/inspection.js';
import type { CountOptions, EntryPages, ListEntriesOptions } from '../contract/listing.js';
import type { ListedLock, ListLocksOptions } from '../contract/locks.js';
import type { Sample, SampleOptions, StatsOptions, StoreStats } from '../contract/stats.js';
import type {
  Capabilities,
  Finding,
  FlushOptions,
  FlushResult,
  Lock,
  OpenOptions,
  Store,
  Tagged,
} from '../contract/store.js';
import type { TagIndex } from '../contract/tags.js';
import type { SqliteContext } from './context.js';
import type { Tail } from './events/open.js';
import type { SqliteWaiting } from './locks/waiting.js';

import { EitherLock } from '../locks/either-lock.js';
import { isScheduleMutex } from '../locks/names.js';
import { Connection } from './connection.js';
import { Entries } from './entries.js';
import { EVENT_SOURCES, EVENTS } from './events/sources.js';
import { SqliteLock } from './locks/lock.js';
import { Tables } from './tables.js';
import { SqliteTagged } from './tags/tagged.js';

/**
 * The cache of Laravel's database driver in an SQLite file. Opened on first use; made, with its folder and tables, on
 * the first write. An existing file keeps its journal mode; a new one is in WAL mode and only its user may read it.
 * A ttl of more than five years reads as forever, which Laravel writes as ten.
 */
export function openSqlite(profile: SqliteProfile, codec: Codec, { timeoutMs }: OpenOptions): Store {
  const connection = new Connection(profile.path, timeoutMs);
  const tables = new Tables(connection, profile);
  return new SqliteStore({ connection, tables, profile, codec, prefix: profile.prefix, timeoutMs });
}

class SqliteStore extends Entries implements Store {
  readonly driver = 'sqlite';
  readonly location: string;
  readonly prefix: string;
  readonly capabilities: Capabilities = {
    listing: true,
    listingPlaces: true,
    ttls: true,
    tags: true,
    countsTagged: true,
    tagListing: 'members',
    locks: true,
    lockListing: true,
    lockWaiters: true,
    events: EVENTS,
    eventSources: EVENT_SOURCES,
    locksToldFromEntries: 'apart',
  };
  readonly #tails = new Set<Tail>();
  readonly #waitings = new Set<SqliteWaiting>();

  constructor(context: SqliteContext) {
    super(context);
    this.location = context.profile.path;
    this.prefix = context.prefix;
  }

  async *keys(pattern = '*'): AsyncIterable<string> {
    const { entryKeys } = await import('./listing/keys.js');
    yield* entryKeys(this.context, pattern);
  }

  async count(options?: CountOptions): Promise<number> {
    const { countEntries } = await import('./listing/counting.js');
    return countEntries(this.context, options);
  }

  async *entries(options?: ListEntriesOptions): EntryPages {
    const { listEntries } = await import('./listing/entries.js');
    yield* listEntries(this.context, options);
  }

  async flush(options: FlushOptions): Promise<FlushResult> {
    const { flush } = await import('./listing/flush.js');
    return flush(this.context, options);
  }

  async flushOnly(only: EntryFilter, options: FlushOnlyOptions): Promise<FlushOnlyResult> {
    const { flushOnly } = await import('./listing/flush-only.js');
    return flushOnly(this.context, only, options);
  }

  tags(names: readonly string[]): Tagged {
    return new SqliteTagged(this.context, names);
  }

  async inspect(key: string, tags?: readonly string[]): Promise<Inspection> {
    const { inspect } = await import('./inspection.js');
    return inspect(this.context, key, tags);
  }

  async tagIndex(): Promise<TagIndex> {
    const { SqliteTagIndex } = await import('./tags/index.js');
    return new SqliteTagIndex(this.context);
  }

  lock(name: string): Lock {
    const lock = new SqliteLock(this.context, name, this.#waitings);
    if (!isScheduleMutex(name)) return lock;
    return new EitherLock(name, lock, new SqliteLock(this.context, name, this.#waitings, 'cache'));
  }

  async *locks(options?: ListLocksOptions): AsyncIterable<ListedLock> {
    const { heldLocks } = await import('./locks/list.js');
    yield* heldLocks(this.context, options);
  }

  async events(options: EventsOptions): Promise<EventStream> {
    const { tail } = await import('./events/open.js');
    const opened = await tail(this.context, options);
    this.#tails.add(opened);
    return opened;
  }

  async stats(options?: StatsOptions): Promise<StoreStats> {
    const { stats } = await import('./stats.js');
    return stats(this.context, options);
  }

  async sample(options: SampleOptions): Promise<Sample> {
    const { sample } = await import('./listing/sample.js');
    return sample(this.context, options);
  }

  async *reach(): AsyncGenerator<Finding> {
    const { reach } = await import('./doctor/connectivity.js');
    yield* reach(this.context);
  }

  async *diagnose(): AsyncGenerator<Finding> {
    const { diagnose } = await import('./doctor/diagnosis.js');
    yield* diagnose(this.context);
  }

  async unmade(place: 'entries' | 'locks' | 'tags'): Promise<string | undefined> {
    const { unmade } = await import('./doctor/diagnosis.js');
    return unmade(this.context, place);
  }

  async doubt(place: 'entries' | 'locks'): Promise<PlaceDoubt | undefined> {
    const { connection, tables, profile } = this.context;
    const isThere = connection.run(() => connection.exists());
    if (isThere && connection.run(() => tables.has(place === 'entries' ? 'cache' : 'locks'))) return undefined;
    // Files of older applications, and caches without locks, have no such table; only a chosen name can be mistyped.
    if (isThere && place === 'locks' && profile.lockTable === 'cache_locks') return undefined;
    const { placeDoubt } = await import('./missing-place.js');
    return placeDoubt(profile, place, isThere);
  }

  async close(): Promise<void> {
    for (const each of this.#tails) each.stop();
    await Promise.all([...this.#waitings].map(async (each) => each.end()));
    this.connection.close();
  }

  protected storedKey(key: string): string {
    return this.prefix + key;
  }

  protected wrote(): void {
    // Entries without tags have no bookkeeping.
  }
}
