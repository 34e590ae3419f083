import type { CacheEvent, EventType } from '../../contract/events.js';

import { Snapshot } from '../../events/snapshot.js';
import { secondsOf, ttlOf } from '../expiry.js';
import { DELETED, type EventRow, type RowEvents, type TailedRole, WRITTEN } from './row-events.js';

export interface PolledRow {
  /** With the prefix. */
  readonly key: Buffer;
  /** Of the value or owner; undefined if the row has expired. */
  readonly hash: string | undefined;
  readonly expiration: number;
  /** Bytes of the value. */
  readonly size?: number | undefined;
}

/** Compares the rows of both tables with those of the last poll. The first poll reports nothing. */
export class RowDifferences {
  readonly #events: RowEvents;
  readonly #report: (events: readonly CacheEvent[]) => void;
  readonly #snapshots = { cache: new Snapshot(), locks: new Snapshot() };
  #isFirst = true;

  constructor(events: RowEvents, report: (events: readonly CacheEvent[]) => void) {
    this.#events = events;
    this.#report = report;
  }

  /** Whether no poll is complete yet. */
  get isFirst(): boolean {
    return this.#isFirst;
  }

  /** Begin the pass over a table. */
  begin(role: TailedRole): void {
    this.#snapshots[role].begin();
  }

  /** @param at the Unix time in milliseconds at which the row was read */
  row(role: TailedRole, { key, hash, expiration, size }: PolledRow, at: number): void {
    const snapshot = this.#snapshots[role];
    const id = key.toString('latin1');
    const before = snapshot.expiryOf(id);
    if (hash === undefined) {
      // Its expiry may be later than at the last poll, after a touch.
      if (snapshot.remove(id)) this.#emit('KeyExpired', { role, key, time: expiration * 1000 });
      return;
    }

    const difference = snapshot.update({ id, hash, expires: new Date(expiration * 1000) });
    if (difference === 'same' || this.#isFirst) return;
    if (before !== undefined && role === 'locks') this.#ended({ role, key, time: at }, before);
    else if (before !== undefined && before <= at) this.#emit('KeyExpired', { role, key, time: before });
    const ttl = ttlOf(expiration, secondsOf(at));
    this.#emit(WRITTEN[role], { role, key, time: at }, { ttl, ...(size !== undefined && { size }) });
  }

  /** End a complete pass over a table. */
  end(role: TailedRole, at: number): void {
    this.#snapshots[role].removeUnseen((id, expires) =>
      this.#ended({ role, key: Buffer.from(id, 'latin1'), time: at }, expires),
    );
  }

  /** End a complete poll. */
  complete(): void {
    this.#isFirst = false;
  }

  #ended(row: EventRow, expires: number): void {
    if (expires <= row.time) this.#emit('KeyExpired', { ...row, time: expires });
    else this.#emit(DELETED[row.role], row);
  }

  #emit(type: EventType, row: EventRow, more: Pick<CacheEvent, 'size' | 'ttl'> = {}): void {
    const events = this.#events.of(type, row, more);
    if (events.length > 0) this.#report(events);
  }
}
