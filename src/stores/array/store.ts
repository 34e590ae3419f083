import type { Codec } from '../../codecs/codec.js';
import type { ArrayProfile } from '../../profiles/profile.js';
import type {
  Capabilities,
  EventsOptions,
  EventStream,
  FlushOptions,
  FlushResult,
  Lock,
  Store,
  Tagged,
} from '../contract.js';

import { globMatcher } from '../glob.js';
import { Entries, type Room } from './entries.js';
import { EVENTS, Tail } from './events.js';
import { ArrayLock } from './locks.js';
import { Memory } from './memory.js';
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
    locks: true,
    events: EVENTS,
    locksToldFromEntries: 'apart',
  };
  readonly #tails = new Set<Tail>();

  constructor(room: Room) {
    super(room);
    this.prefix = room.prefix;
  }

  async *keys(pattern = '*'): AsyncGenerator<string> {
    const matches = globMatcher(pattern);
    for (const fullKey of this.room.memory.keys(this.prefix)) {
      const key = fullKey.slice(this.prefix.length);
      if (matches(key)) yield key;
    }
  }

  async flush({ scope, locks, dryRun, signal, onProgress }: FlushOptions): Promise<FlushResult> {
    signal?.throwIfAborted();
    const { memory } = this.room;
    const prefix = scope === 'all' ? '' : this.prefix;
    const keys = memory.keys(prefix);
    const held = memory.heldLocks(prefix);
    const takesLocks = locks || scope === 'all';
    const result = {
      removed: keys.length + (takesLocks ? held.length : 0),
      keptLocks: takesLocks ? 0 : held.length,
    };
    if (dryRun) return result;
    for (const key of keys) memory.remove(key);
    if (takesLocks) for (const name of held) memory.locks.delete(name);
    if (scope === 'all') memory.tell({ time: Date.now(), type: 'CacheFlushed' });
    onProgress?.({ done: result.removed, total: result.removed });
    return result;
  }

  tags(names: readonly string[]): Tagged {
    return new ArrayTagged(this.room, names);
  }

  lock(name: string): Lock {
    return new ArrayLock(this.room, name);
  }

  async events({ signal }: EventsOptions): Promise<EventStream> {
    signal.throwIfAborted();
    const tail = new Tail(this.room.memory, this.prefix, signal);
    this.#tails.add(tail);
    return tail;
  }

  async close(): Promise<void> {
    for (const tail of this.#tails) tail.stop();
  }

  protected fullKey(key: string): string {
    return this.prefix + key;
  }

  protected wrote(): void {
    // Entries without tags have no bookkeeping.
  }
}
