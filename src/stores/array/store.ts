import type { Codec } from '../../codecs/codec.js';
import type { ArrayProfile } from '../../profiles/profile.js';
import type { EventsOptions, EventStream } from '../contract/events.js';
import type { EntryFilter, FlushOnlyOptions, FlushOnlyResult } from '../contract/flush.js';
import type { Inspection } from '../contract/inspection.js';
import type { EntryPages, ListEntriesOptions } from '../contract/listing.js';
import type { ListedLock, ListLocksOptions } from '../contract/locks.js';
import type { Sample, SampleOptions, StatsOptions, StoreStats } from '../contract/stats.js';
import type { Capabilities, FlushOptions, FlushResult, Lock, Store, Tagged } from '../contract/store.js';
import type { TagIndex } from '../contract/tags.js';
import type { ArrayContext } from './context.js';
import type { Tail } from './events.js';
import type { ArrayWaiting } from './lock-waiting.js';

import { EitherLock } from '../locks/either-lock.js';
import { isScheduleMutex } from '../locks/names.js';
import { Entries } from './entries.js';
import { EVENT_SOURCES, EVENTS } from './event-sources.js';
import { entryKeys } from './keys.js';
import { ArrayLock } from './locks.js';
import { Memory } from './memory.js';
import { ArrayMutex } from './mutex.js';
import { ArrayTagged } from './tags.js';

/** A cache in this process, gone with it: for tests. Stores that are given the same memory see the same entries. */
export function openArray(profile: ArrayProfile, codec: Codec, memory = new Memory()): Store {
  return new ArrayStore({ memory, codec, prefix: profile.prefix });
}

class ArrayStore extends Entries implements Store {
  readonly driver = 'array';
  readonly location = 'memory';
  readonly prefix: string;
  readonly capabilities: Capabilities = {
    listing: true,
    ttls: true,
    tags: true,
    countsTagged: true,
    tagListing: 'members',
    locks: true,
    lockMilliseconds: true,
    lockListing: true,
    lockWaiters: true,
    events: EVENTS,
    eventSources: EVENT_SOURCES,
    locksToldFromEntries: 'apart',
  };
  readonly #tails = new Set<Tail>();
  readonly #waitings = new Set<ArrayWaiting>();

  constructor(context: ArrayContext) {
    super(context);
    this.prefix = context.prefix;
  }

  keys(pattern = '*'): AsyncIterable<string> {
    return entryKeys(this.context, pattern);
  }

  async *entries(options?: ListEntriesOptions): EntryPages {
    const { listEntries } = await import('./listing.js');
    yield* listEntries(this.context, options);
  }

  async flush(options: FlushOptions): Promise<FlushResult> {
    const { flush } = await import('./flush.js');
    return flush(this.context, options);
  }

  async flushOnly(only: EntryFilter, options: FlushOnlyOptions): Promise<FlushOnlyResult> {
    const { flushOnly } = await import('./flush-only.js');
    return flushOnly(this.context, only, options);
  }

  tags(names: readonly string[]): Tagged {
    return new ArrayTagged(this.context, names);
  }

  async inspect(key: string, tags?: readonly string[]): Promise<Inspection> {
    const { inspect } = await import('./inspection.js');
    return inspect(this.context, key, tags);
  }

  async tagIndex(): Promise<TagIndex> {
    const { ArrayTagIndex } = await import('./tag-index.js');
    return new ArrayTagIndex(this.context);
  }

  lock(name: string): Lock {
    const lock = new ArrayLock(this.context, name, this.#waitings);
    return isScheduleMutex(name) ? new EitherLock(name, lock, new ArrayMutex(this.context, name)) : lock;
  }

  async *locks(options?: ListLocksOptions): AsyncIterable<ListedLock> {
    const { heldLocks } = await import('./lock-list.js');
    yield* heldLocks(this.context, options);
  }

  async events(options: EventsOptions): Promise<EventStream> {
    const { tail } = await import('./events.js');
    const opened = await tail(this.context, options);
    this.#tails.add(opened);
    return opened;
  }

  async stats(options?: StatsOptions): Promise<StoreStats> {
    const { stats } = await import('./stats.js');
    return stats(this.context, options);
  }

  async sample(options: SampleOptions): Promise<Sample> {
    const { sample } = await import('./sample.js');
    return sample(this.context, options);
  }

  async close(): Promise<void> {
    for (const each of this.#tails) each.stop();
    await Promise.all([...this.#waitings].map(async (each) => each.end()));
  }

  protected storedKey(key: string): string {
    return this.prefix + key;
  }

  protected storedTags(): readonly string[] {
    return [];
  }
}
