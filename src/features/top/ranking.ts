import type { CacheEvent } from '../../stores/contract/events.js';
import type { NamesOf } from './groups.js';

import { EventCounts } from './counts.js';
import { type HotRow, HotRows } from './hot-rows.js';

export const MEASURES = ['events', 'hits', 'misses', 'writes', 'bytes'] as const;

export type Measure = (typeof MEASURES)[number];

const MEASURED: Readonly<Record<Measure, (counts: EventCounts) => number>> = {
  events: (counts) => counts.events,
  hits: (counts) => counts.of('CacheHit'),
  misses: (counts) => counts.of('CacheMissed'),
  writes: (counts) => counts.of('KeyWritten'),
  bytes: (counts) => counts.bytes,
};

/** The totals, and the busiest rows. */
export class Ranking {
  readonly totals = new EventCounts();
  readonly #rows = new HotRows();
  readonly #namesOf: NamesOf;
  readonly #measure: Measure;
  readonly #limit: number;
  readonly #started = performance.now();
  #lasted: number | undefined;

  constructor(namesOf: NamesOf, measure: Measure, limit: number) {
    this.#namesOf = namesOf;
    this.#measure = measure;
    this.#limit = limit;
  }

  add(event: CacheEvent): void {
    this.totals.add(event);
    for (const name of this.#namesOf(event)) this.#rows.add(name, event);
  }

  /** Call it once a second. */
  tick(): void {
    this.totals.tick();
    this.#rows.tick();
  }

  /** Freeze `seconds`. */
  end(): void {
    this.#lasted ??= this.#sinceStart();
  }

  /** The duration of counting. */
  get seconds(): number {
    return this.#lasted ?? this.#sinceStart();
  }

  get rows(): readonly HotRow[] {
    return this.#rows.top(this.#limit, MEASURED[this.#measure]);
  }

  #sinceStart(): number {
    return (performance.now() - this.#started) / 1000;
  }
}
