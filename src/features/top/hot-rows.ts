import type { CacheEvent } from '../../stores/contract/events.js';

import { EventCounts } from './counts.js';

/** Rows to keep when pruning, which happens at twice this number. */
const KEPT = 10_000;

/** A row of `top`. */
export interface HotRow {
  readonly name: string;
  readonly counts: EventCounts;
  /** The maximum number of earlier events that are not in `counts`. */
  readonly uncounted: number;
}

/**
 * The most frequent names, in bounded memory. Pruning removes the rarest rows. A name that returns starts again, with
 * an upper bound for its missing events. Frequent names are never removed.
 */
export class HotRows {
  readonly #rows = new Map<string, HotRow>();
  readonly #kept: number;
  /** No removed name had more events than this. */
  #floor = 0;

  /** @param kept rows to keep when pruning */
  constructor(kept = KEPT) {
    this.#kept = kept;
  }

  add(name: string, event: CacheEvent): void {
    let row = this.#rows.get(name);
    if (row === undefined) {
      if (this.#rows.size >= 2 * this.#kept) this.#prune();
      row = { name, counts: new EventCounts(), uncounted: this.#floor };
      this.#rows.set(name, row);
    }

    row.counts.add(event);
  }

  /** Call it once a second. */
  tick(): void {
    for (const { counts } of this.#rows.values()) counts.tick();
  }

  /** The largest rows by a measure, then by name, so that equal rows keep their order. */
  top(limit: number, measure: (counts: EventCounts) => number): readonly HotRow[] {
    return [...this.#rows.values()]
      .sort((one, other) => measure(other.counts) - measure(one.counts) || (one.name < other.name ? -1 : 1))
      .slice(0, limit);
  }

  #prune(): void {
    const byFrequency = [...this.#rows.values()].sort((one, other) => mostOf(other) - mostOf(one));
    for (const row of byFrequency.slice(this.#kept)) {
      this.#floor = Math.max(this.#floor, mostOf(row));
      this.#rows.delete(row.name);
    }
  }
}

function mostOf({ counts, uncounted }: HotRow): number {
  return counts.events + uncounted;
}
