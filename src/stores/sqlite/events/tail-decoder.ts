import type { CacheEvent, EventsOptions, EventType } from '../../contract/events.js';
import type { ExpiredRow, Expiries } from './expiries.js';
import type { Change } from './tail-tables.js';
import type { TailedRole } from './tail-triggers.js';

import { keyFromBytes } from '../../entries/key-text.js';
import { entryEventType } from '../../locks/mutex-events.js';
import { secondsOf, ttlOf } from '../../sql/expiry.js';
import { tagHashOf } from '../../tags/names.js';

/** What is told, and how: the part of the options that makes events of changes. */
export type Selection = Pick<EventsOptions, 'everything' | 'tags' | 'wants'>;

/** What the file says beside the changes themselves. */
interface Sources {
  /** What of a table's expiries was told already; undefined of a table that is not there. */
  expiries(role: TailedRole): Expiries | undefined;
  /** Those that the entry carries now, with their prefix. */
  tagsOf(key: Buffer): readonly string[];
}

/** Makes events of what happened to rows: those that are wanted. */
export class TailStory {
  readonly #prefix: string;
  readonly #prefixBytes: Buffer;
  readonly #selection: Selection;
  readonly #sources: Sources;

  constructor(prefix: string, selection: Selection, sources: Sources) {
    this.#prefix = prefix;
    this.#prefixBytes = Buffer.from(prefix);
    this.#selection = selection;
    this.#sources = sources;
  }

  /** In the order in which they happened. Only within `read` or `write`. */
  ofChange(change: Change): CacheEvent[] {
    switch (change.kind) {
      case 'contended': {
        return this.#event('LockContended', change);
      }

      case 'deleted': {
        return this.#ofDeleted(change);
      }

      case 'ended': {
        // Where it is not told yet, the search for what expired is going to find it.
        return this.#isTold(change, change.expiration) ? this.#event('KeyExpired', change) : [];
      }

      case 'written': {
        return this.#ofWritten(change);
      }
    }
  }

  /** Of what nobody touched. Only within `read` or `write`. */
  ofExpired(role: TailedRole, { key, expiration }: ExpiredRow): CacheEvent[] {
    return this.#event('KeyExpired', { role, key, time: expiration * 1000, tags: null });
  }

  /** Of a lock in a table that has just come to be. */
  ofNewLock({ key, expiration }: ExpiredRow, time: number): CacheEvent[] {
    const ttl = ttlOf(expiration, secondsOf(time));
    return this.#event('LockAcquired', { role: 'locks', key, time, tags: null }, { ttl });
  }

  #ofDeleted(change: Change): CacheEvent[] {
    const { was, role } = change;
    if (typeof was !== 'number' || this.#isTold(change, was)) return [];
    return was <= secondsOf(change.time) ? this.#expired(change, was) : this.#event(GONE[role], change);
  }

  #ofWritten(change: Change): CacheEvent[] {
    const { role, was, expiration, size } = change;
    if (typeof expiration !== 'number') return [];
    const at = secondsOf(change.time);
    const wasOver = typeof was === 'number' && was <= at;
    const before = wasOver && !this.#isTold(change, was) ? this.#expired(change, was) : [];
    // With a time that is over, as far as has been told already, under a key that held nothing: else it `ended`.
    const isOver = (was === null || wasOver) && this.#isTold(change, expiration);
    const after = isOver ? this.#event('KeyExpired', change) : [];
    const more = { ttl: ttlOf(Math.max(expiration, at), at), ...(size !== null && { size }) };
    return [...before, ...this.#event(WRITTEN[role], change, more), ...after];
  }

  /** Whether a row's end at this Unix time has been told. What is no number never ends, and does not count as an entry. */
  #isTold({ role, row }: Change, expiration: unknown): boolean {
    return typeof expiration === 'number' && this.#sources.expiries(role)?.told(expiration, row) === true;
  }

  #expired(change: Change, expiration: number): CacheEvent[] {
    return this.#event('KeyExpired', { ...change, time: expiration * 1000 });
  }

  #event(type: EventType, of: Happened, more: Pick<CacheEvent, 'size' | 'ttl'> = {}): CacheEvent[] {
    const isOurs = of.key.subarray(0, this.#prefixBytes.length).equals(this.#prefixBytes);
    const key = keyFromBytes(of.key.subarray(isOurs ? this.#prefixBytes.length : 0));
    const { wants, tags } = this.#selection;
    const reported = of.role === 'cache' ? entryEventType(type, key) : type;
    if (wants !== undefined && !wants(reported, key)) return [];
    const event: CacheEvent = { time: new Date(of.time), type: reported, key, ...(!isOurs && { isForeign: true }) };
    if (reported !== type) return [{ ...event, ...(more.ttl !== undefined && { ttl: more.ttl }) }];
    const tagged = tags === true && of.role === 'cache' ? { tags: this.#tagsOf(of, isOurs) } : {};
    return [{ ...event, ...tagged, ...more }];
  }

  #tagsOf({ key, tags }: Happened, isOurs: boolean): readonly string[] {
    // Keys of another prefix that begins with this one carry tags of that prefix.
    if (isOurs && tagHashOf(keyFromBytes(key.subarray(this.#prefixBytes.length))) === undefined) return [];
    const noted = tags?.split(',').map((tag) => keyFromBytes(Buffer.from(tag, 'hex')));
    const stored = noted ?? this.#sources.tagsOf(key);
    if (!isOurs) return stored;
    return stored.filter((tag) => tag.startsWith(this.#prefix)).map((tag) => tag.slice(this.#prefix.length));
  }
}

type Happened = Pick<Change, 'key' | 'role' | 'tags' | 'time'>;

const WRITTEN: Readonly<Record<TailedRole, EventType>> = { cache: 'KeyWritten', locks: 'LockAcquired' };
const GONE: Readonly<Record<TailedRole, EventType>> = { cache: 'KeyForgotten', locks: 'LockReleased' };
