import type { Codec } from '../../codecs/codec.js';
import type { MemcachedProfile } from '../../profiles/profile.js';
import type { EventsOptions, EventStream } from '../contract/events.js';
import type { Inspection } from '../contract/inspection.js';
import type { StatsOptions, StoreStats } from '../contract/stats.js';
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
import type { MemcachedContext } from './context.js';
import type { Tail } from './events/open.js';
import type { LockWatch } from './locks/watch.js';

import { Connection } from './connection.js';
import { Entries, type Naming } from './entries.js';
import { EVENT_SOURCES, EVENTS } from './events/sources.js';
import { Keys, LONGEST_KEY } from './keys.js';
import { MemcachedLock } from './locks/lock.js';
import { MemcachedTagged } from './tags/tagged.js';
import { Values } from './values.js';

/** The cache of Laravel's Memcached driver, on one server or several. Connects on first use. */
export function openMemcached(profile: MemcachedProfile, codec: Codec, { timeoutMs }: OpenOptions): Store {
  const keys = new Keys(profile);
  return new MemcachedStore({
    connection: new Connection(profile, timeoutMs),
    keys,
    values: new Values(codec, profile),
    prefix: keys.prefix,
    timeoutMs,
  });
}

class MemcachedStore extends Entries implements Store {
  readonly driver = 'memcached';
  readonly location: string;
  readonly prefix: string;
  readonly capabilities: Capabilities;
  /** Left out without meta commands. */
  readonly count?: NonNullable<Store['count']>;
  /** Left out without meta commands. */
  readonly entries?: NonNullable<Store['entries']>;
  /** Left out without meta commands. */
  readonly flushOnly?: NonNullable<Store['flushOnly']>;
  /** Left out without meta commands. */
  readonly locks?: NonNullable<Store['locks']>;
  /** Left out without meta commands. */
  readonly sample?: NonNullable<Store['sample']>;
  /** Left out without meta commands. */
  readonly tagIndex?: NonNullable<Store['tagIndex']>;
  /** Left out without meta commands. */
  readonly watchLocks?: NonNullable<Store['watchLocks']>;
  readonly #tails = new Set<LockWatch | Tail>();

  constructor(context: MemcachedContext) {
    super(context);
    this.location = context.connection.location;
    this.prefix = context.prefix;
    // Without meta commands nothing lists keys, or tells what they have left.
    const tellsAll = context.connection.metaNodes.length > 0;
    this.capabilities = {
      listing: tellsAll,
      ttls: tellsAll,
      ...(tellsAll && { idleTimes: true }),
      tags: true,
      countsTagged: false,
      tagListing: tellsAll ? 'names' : 'none',
      locks: true,
      lockListing: tellsAll,
      lockWaiters: false,
      events: tellsAll ? EVENTS : [],
      ...(tellsAll && { eventSources: EVENT_SOURCES }),
      locksToldFromEntries: 'by-form',
      keyBytes: LONGEST_KEY,
    };
    if (!tellsAll) return;
    this.count = async (options) => {
      const { countEntries } = await import('./listing/counting.js');
      return countEntries(context, options);
    };

    this.flushOnly = async (only, options) => {
      const { flushOnly } = await import('./listing/flush-only.js');
      return flushOnly(context, only, options);
    };

    this.entries = async function* (options) {
      const { listEntries } = await import('./listing/entries.js');
      yield* listEntries(context, options);
    };

    this.locks = async function* (options) {
      const { listLocks } = await import('./locks/list.js');
      yield* listLocks(context, options);
    };

    this.sample = async (options) => {
      const { sample } = await import('./listing/sample.js');
      return sample(context, options);
    };

    this.tagIndex = async () => {
      const { MemcachedTagIndex } = await import('./tags/index.js');
      return new MemcachedTagIndex(context);
    };

    this.watchLocks = async (names, options) => {
      const { watchLocks } = await import('./locks/watch.js');
      const opened = await watchLocks(this, context, names, options);
      this.#tails.add(opened);
      return opened;
    };
  }

  async *keys(pattern = '*'): AsyncIterable<string> {
    const { entryKeys } = await import('./listing/keys.js');
    yield* entryKeys(this.context, pattern);
  }

  async flush(options: FlushOptions): Promise<FlushResult> {
    const { flush } = await import('./listing/flush.js');
    return flush(this.context, options);
  }

  tags(names: readonly string[]): Tagged {
    return new MemcachedTagged(this.context, names);
  }

  async inspect(key: string, tags?: readonly string[]): Promise<Inspection> {
    const { inspect } = await import('./inspection.js');
    return inspect(this.context, key, tags);
  }

  lock(name: string): Lock {
    return new MemcachedLock(this.context, name);
  }

  async stats(options?: StatsOptions): Promise<StoreStats> {
    const { stats } = await import('./stats.js');
    return stats(this.context, options);
  }

  async events(options: EventsOptions): Promise<EventStream> {
    const { tail } = await import('./events/open.js');
    const opened = await tail(this.context, options);
    this.#tails.add(opened);
    return opened;
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
    return serverTime(this.context.connection);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#tails].map(async (each) => each.stop()));
    this.connection.close();
  }

  protected async naming(): Promise<Naming> {
    return (key) => this.context.keys.full(key);
  }

  protected async namingToWrite(): Promise<Naming> {
    return (key) => this.context.keys.fullToWrite(key);
  }
}
