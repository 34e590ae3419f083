import type { CacheEvent } from '../../contract/events.js';
import type { NotifiedChange } from './notified-change.js';
import type { RowExpiries } from './row-expiries.js';

import {
  DELETED,
  type EventRow,
  RowEvents,
  type Selection,
  type TailedRole,
  WRITTEN,
} from '../../sql/events/row-events.js';
import { secondsOf, ttlOf } from '../../sql/expiry.js';

/** Decodes changes of rows into the selected events. */
export class TailDecoder {
  readonly #events: RowEvents;
  readonly #wants: Selection['wants'];
  readonly #expiries: ReadonlyMap<TailedRole, RowExpiries>;

  constructor(prefix: string, selection: Selection, expiries: ReadonlyMap<TailedRole, RowExpiries>) {
    this.#events = new RowEvents(prefix, selection);
    this.#wants = selection.wants;
    this.#expiries = expiries;
  }

  ofChange(change: NotifiedChange): CacheEvent[] {
    const { kind, role, time, was } = change;
    switch (kind) {
      case 'deleted': {
        const hasExpired = was !== undefined && was <= secondsOf(time);
        return hasExpired ? this.ofExpired(change, was) : this.#events.of(DELETED[role], change);
      }

      case 'flushed': {
        return role === 'cache' ? this.#ofFlush({ time: new Date(time), type: 'CacheFlushed' }) : [];
      }

      case 'written': {
        return this.#ofWritten(change);
      }
    }
  }

  /** The event of a row that has expired, unless it was reported. */
  ofExpired(row: EventRow, expiration: number): CacheEvent[] {
    if (this.#expiries.get(row.role)?.report(row.key, expiration) !== true) return [];
    return this.#events.of('KeyExpired', { ...row, time: expiration * 1000 });
  }

  #ofFlush(event: CacheEvent): CacheEvent[] {
    return this.#wants?.(event.type, event.key) === false ? [] : [event];
  }

  #ofWritten(change: NotifiedChange): CacheEvent[] {
    const { role, time, was, expiration = 0, size } = change;
    const at = secondsOf(time);
    const before = was !== undefined && was <= at ? this.ofExpired(change, was) : [];
    const ttl = ttlOf(Math.max(expiration, at), at);
    const written = this.#events.of(WRITTEN[role], change, { ttl, ...(size !== undefined && { size }) });
    // The search has passed this expiration already.
    const hasExpired = expiration <= (this.#expiries.get(role)?.searchedUpTo ?? 0);
    return [...before, ...written, ...(hasExpired ? this.ofExpired(change, expiration) : [])];
  }
}
