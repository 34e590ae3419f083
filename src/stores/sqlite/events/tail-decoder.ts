import type { CacheEvent, EventType } from '../../contract/events.js';
import type { ExpiredRow, Expiries } from './expiries.js';
import type { Change } from './tail-tables.js';

import { keyFromBytes } from '../../entries/key-text.js';
import { DELETED, RowEvents, type Selection, type TailedRole, WRITTEN } from '../../sql/events/row-events.js';
import { secondsOf, ttlOf } from '../../sql/expiry.js';
import { tagHashOf } from '../../tags/names.js';

/** Data that the changes do not contain. */
interface Sources {
  /** Undefined if the table does not exist. */
  expiries(role: TailedRole): Expiries | undefined;
  /** The current tags of an entry, with their prefix. */
  tagsOf(key: Buffer): readonly string[];
}

/** Decodes changes of rows into the selected events. */
export class TailDecoder {
  readonly #prefix: string;
  readonly #prefixBytes: Buffer;
  readonly #events: RowEvents;
  readonly #hasTags: boolean;
  readonly #sources: Sources;

  constructor(prefix: string, selection: Selection, sources: Sources) {
    this.#prefix = prefix;
    this.#prefixBytes = Buffer.from(prefix);
    this.#events = new RowEvents(prefix, selection);
    this.#hasTags = selection.tags === true;
    this.#sources = sources;
  }

  /** The events of a change in their order. Only within `read` or `write`. */
  ofChange(change: Change): CacheEvent[] {
    switch (change.kind) {
      case 'contended': {
        return this.#event('LockContended', change);
      }

      case 'deleted': {
        return this.#ofDeleted(change);
      }

      case 'ended': {
        // If its expiry is not reported yet, the search for expired rows will find it.
        return this.#isReported(change, change.expiration) ? this.#event('KeyExpired', change) : [];
      }

      case 'written': {
        return this.#ofWritten(change);
      }
    }
  }

  /** The events of a row that expired without a change. Only within `read` or `write`. */
  ofExpired(role: TailedRole, { key, expiration }: ExpiredRow): CacheEvent[] {
    return this.#event('KeyExpired', { role, key, time: expiration * 1000, tags: null });
  }

  /** The events of a lock in a table that has just been created. */
  ofNewLock({ key, expiration }: ExpiredRow, time: number): CacheEvent[] {
    const ttl = ttlOf(expiration, secondsOf(time));
    return this.#event('LockAcquired', { role: 'locks', key, time, tags: null }, { ttl });
  }

  #ofDeleted(change: Change): CacheEvent[] {
    const { was, role } = change;
    if (typeof was !== 'number' || this.#isReported(change, was)) return [];
    return was <= secondsOf(change.time) ? this.#expired(change, was) : this.#event(DELETED[role], change);
  }

  #ofWritten(change: Change): CacheEvent[] {
    const { role, was, expiration, size } = change;
    if (typeof expiration !== 'number') return [];
    const at = secondsOf(change.time);
    const hadExpired = typeof was === 'number' && was <= at;
    const before = hadExpired && !this.#isReported(change, was) ? this.#expired(change, was) : [];
    // A new row that is expired when it is written, which the search has already passed. A live row would have `ended`.
    const hasExpired = (was === null || hadExpired) && this.#isReported(change, expiration);
    const after = hasExpired ? this.#event('KeyExpired', change) : [];
    const more = { ttl: ttlOf(Math.max(expiration, at), at), ...(size !== null && { size }) };
    return [...before, ...this.#event(WRITTEN[role], change, more), ...after];
  }

  /** Whether a row's expiry has been reported. A row whose expiration is not a number is not an entry. */
  #isReported({ role, row }: Change, expiration: unknown): boolean {
    return typeof expiration === 'number' && this.#sources.expiries(role)?.isReported(expiration, row) === true;
  }

  #expired(change: Change, expiration: number): CacheEvent[] {
    return this.#event('KeyExpired', { ...change, time: expiration * 1000 });
  }

  #event(type: EventType, of: RowChange, more: Pick<CacheEvent, 'size' | 'ttl'> = {}): CacheEvent[] {
    const tagsOf = (isOurs: boolean): readonly string[] => this.#tagsOf(of, isOurs);
    return this.#events.of(type, of, more, this.#hasTags && of.role === 'cache' ? tagsOf : undefined);
  }

  #tagsOf({ key, tags }: RowChange, isOurs: boolean): readonly string[] {
    // A key of another prefix that begins with this one has tags of that prefix.
    if (isOurs && tagHashOf(keyFromBytes(key.subarray(this.#prefixBytes.length))) === undefined) return [];
    const recorded = tags?.split(',').map((tag) => keyFromBytes(Buffer.from(tag, 'hex')));
    const stored = recorded ?? this.#sources.tagsOf(key);
    if (!isOurs) return stored;
    return stored.filter((tag) => tag.startsWith(this.#prefix)).map((tag) => tag.slice(this.#prefix.length));
  }
}

type RowChange = Pick<Change, 'key' | 'role' | 'tags' | 'time'>;
