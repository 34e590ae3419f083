import type { Codec } from '../../codecs/codec.js';
import type { MongodbProfile } from '../../profiles/profile.js';
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
import type { MongodbContext } from './context.js';
import type { EntryDocument } from './deployment.js';
import type { Tail } from './events/open.js';
import type { MongodbWaiting } from './locks/waiting.js';

import { EitherLock } from '../locks/either-lock.js';
import { isScheduleMutex } from '../locks/names.js';
import { Connection } from './connection.js';
import { Entries } from './entries.js';
import { EVENT_SOURCES } from './events/sources.js';
import { storable } from './ids.js';
import { entryKeys } from './keys.js';
import { MongodbLock } from './locks/lock.js';
import { MongodbMutex } from './locks/mutex.js';
import { MongodbTagged } from './tags/tagged.js';

/**
 * The cache of mongodb/laravel-mongodb. Connects on first use; collections are made by the first write, indexes never. A
 * ttl of more than five years reads as forever, which Laravel writes as ten.
 */
export function openMongodb(profile: MongodbProfile, codec: Codec, { timeoutMs }: OpenOptions): Store {
  return new MongodbStore({ connection: new Connection(profile, timeoutMs), codec, prefix: profile.prefix });
}

class MongodbStore extends Entries implements Store {
  readonly driver = 'mongodb';
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
    lockMilliseconds: true,
    lockListing: true,
    lockWaiters: true,
    events: EVENT_SOURCES[0]!.types,
    eventSources: EVENT_SOURCES,
    locksToldFromEntries: 'apart',
  };
  readonly #tails = new Set<Tail>();
  readonly #waitings = new Set<MongodbWaiting>();

  constructor(context: MongodbContext) {
    super(context);
    this.location = context.connection.location;
    this.prefix = context.prefix;
  }

  keys(pattern = '*'): AsyncIterable<string> {
    return entryKeys(this.connection, this.prefix, pattern);
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
    return new MongodbTagged(this.context, names);
  }

  async inspect(key: string, tags?: readonly string[]): Promise<Inspection> {
    const { inspect } = await import('./inspection.js');
    return inspect(this.context, key, tags);
  }

  async tagIndex(): Promise<TagIndex> {
    const { MongodbTagIndex } = await import('./tags/index.js');
    return new MongodbTagIndex(this.context);
  }

  lock(name: string): Lock {
    const lock = new MongodbLock(this.context, name, this.#waitings);
    return isScheduleMutex(name) ? new EitherLock(name, lock, new MongodbMutex(this.context, name)) : lock;
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

  async *reach(): AsyncGenerator<Finding> {
    const { reach } = await import('./doctor/connectivity.js');
    yield* reach(this.connection);
  }

  async *diagnose(): AsyncGenerator<Finding> {
    const { diagnose } = await import('./doctor/diagnosis.js');
    yield* diagnose(this.context, this);
  }

  async unmade(place: 'entries' | 'locks' | 'tags'): Promise<string | undefined> {
    const { unmade } = await import('./missing-collection.js');
    return unmade(this.connection, place);
  }

  async doubt(place: 'entries' | 'locks'): Promise<PlaceDoubt | undefined> {
    const { layoutDoubt } = await import('./layout.js');
    return layoutDoubt(this.connection, place);
  }

  async stats(options?: StatsOptions): Promise<StoreStats> {
    const { stats } = await import('./stats/stats.js');
    return stats(this.context, options);
  }

  async sample(options: SampleOptions): Promise<Sample> {
    const { sample } = await import('./listing/sample.js');
    return sample(this.context, options);
  }

  async serverTime(): Promise<number> {
    return this.context.connection.run(async ({ now }) => now());
  }

  async close(): Promise<void> {
    await Promise.all([...this.#tails].map(async (each) => each.stop()));
    await Promise.all([...this.#waitings].map(async (each) => each.end()));
    await this.connection.close();
  }

  protected id(key: string): string {
    return storable(this.prefix + key);
  }

  protected tagging(): Pick<EntryDocument, 'tags'> {
    return NO_TAGS;
  }
}

const NO_TAGS: Pick<EntryDocument, 'tags'> = {};
