import type { Codec } from '../../codecs/codec.js';
import type { RedisProfile } from '../../profiles/profile.js';
import type { EventsOptions, EventStream } from '../contract/events.js';
import type { EntryFilter, FlushOnlyOptions, FlushOnlyResult } from '../contract/flush.js';
import type { Inspection } from '../contract/inspection.js';
import type { CountOptions, EntryPages, ListEntriesOptions } from '../contract/listing.js';
import type { ListedLock, ListLocksOptions, LockStream, WatchLocksOptions } from '../contract/locks.js';
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
import type { RedisContext } from './context.js';
import type { Tail } from './events/tail.js';
import type { LockWatch } from './locks/watch.js';

import { EitherLock } from '../locks/either-lock.js';
import { isLaravelLockName } from '../locks/names.js';
import { Connection } from './connection.js';
import { EVENT_SOURCES } from './events/sources.js';
import { entryKeys, Keys } from './keys.js';
import { RedisLock } from './locks/lock.js';
import { keepsLocksApart } from './locks/places.js';
import { openPacking } from './packing.js';
import { PlainEntries } from './plain-entries.js';
import { RedisTagged } from './tags/tagged.js';

/** The cache of Laravel's Redis driver. Connects on first use; locks may live on a connection of their own. */
export async function openRedis(profile: RedisProfile, codec: Codec, { timeoutMs }: OpenOptions): Promise<Store> {
  const keys = new Keys(profile);
  const connection = new Connection(profile.connection, timeoutMs, keys.prefix);
  return new RedisStore({
    connection,
    lockConnection: profile.locks === undefined ? connection : new Connection(profile.locks, timeoutMs, keys.prefix),
    keys,
    packing: await openPacking(profile, codec),
    prefix: profile.prefix,
  });
}

class RedisStore extends PlainEntries implements Store {
  readonly driver = 'redis';
  readonly location: string;
  readonly lockLocation?: string;
  readonly prefix: string;
  readonly capabilities: Capabilities;
  readonly #tails = new Set<LockWatch | Tail>();

  constructor(context: RedisContext) {
    super(context);
    this.location = locationOf(context);
    if (keepsLocksApart(context)) this.lockLocation = context.lockConnection.location;
    this.prefix = context.prefix;
    this.capabilities = {
      listing: true,
      ttls: true,
      idleTimes: true,
      listingPlaces: !context.connection.isCluster,
      tags: true,
      countsTagged: true,
      tagListing: 'members',
      locks: true,
      lockMilliseconds: true,
      lockListing: true,
      lockWaiters: true,
      events: EVENT_SOURCES[0]!.types,
      eventSources: EVENT_SOURCES,
      locksToldFromEntries: keepsLocksApart(context) ? 'apart' : 'by-form',
    };
  }

  keys(pattern = '*'): AsyncIterable<string> {
    return entryKeys(this.connection, this.context.keys, pattern);
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
    return new RedisTagged(this.context, names);
  }

  async inspect(key: string, tags?: readonly string[]): Promise<Inspection> {
    const { inspect } = await import('./inspection.js');
    return inspect(this.context, key, tags);
  }

  async tagIndex(): Promise<TagIndex> {
    const { RedisTagIndex } = await import('./tags/index.js');
    return new RedisTagIndex(this.context);
  }

  lock(name: string): Lock {
    const lock = new RedisLock(this.context, name);
    if (!keepsLocksApart(this.context) || !isLaravelLockName(name)) return lock;
    return new EitherLock(
      name,
      lock,
      new RedisLock({ ...this.context, lockConnection: this.context.connection }, name),
    );
  }

  async *locks(options: ListLocksOptions = {}): AsyncIterable<ListedLock> {
    const { listLocks } = await import('./locks/list.js');
    yield* listLocks(this.context, options);
  }

  async watchLocks(names: readonly string[], options: WatchLocksOptions): Promise<LockStream> {
    const { watchLocks } = await import('./locks/watch.js');
    const opened = await watchLocks(this.context, names, options);
    this.#tails.add(opened);
    return opened;
  }

  async events(options: EventsOptions): Promise<EventStream> {
    const { tail } = await import('./events/open.js');
    const opened = await tail(this.context, options);
    this.#tails.add(opened);
    return opened;
  }

  async stats(options?: StatsOptions): Promise<StoreStats> {
    const { stats } = await import('./stats/stats.js');
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

  async serverTime(): Promise<number> {
    const { serverTime } = await import('./server-time.js');
    return serverTime(this.connection);
  }

  async reconnect(): Promise<void> {
    await Promise.all([this.connection.reconnect(), this.context.lockConnection.reconnect()]);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#tails].map(async (each) => each.stop()));
    await Promise.all([this.connection.close(), this.context.lockConnection.close()]);
  }
}

/** Names the connection prefix too: it is half of what says which keys are ours. */
function locationOf({ connection, keys, prefix }: RedisContext): string {
  const connectionPrefix = keys.prefix.slice(0, keys.prefix.length - prefix.length);
  return connection.location + (connectionPrefix === '' ? '' : `, connection prefix ${connectionPrefix}`);
}
