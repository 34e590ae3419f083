import type { CacheEvent } from '../../stores/contract/events.js';

import { EventCounts } from './counts.js';

/** Rows that are kept when there are too many; twice as many are borne before. */
const KEPT = 10_000;

/** Counts of something that bears a name. */
export interface HotRow {
  readonly name: string;
  readonly counts: EventCounts;
  /** Events of its that may have come before it was counted, or counted anew, at most. */
  readonly uncounted: number;
}

/**
 * What happens most, in memory that does not grow with the number of names: of too many the rarest are forgotten, and what
 * comes back is counted anew, with the most that it may lack. What is frequent is never forgotten.
 */
export class HotRows {
  readonly #rows = new Map<string, HotRow>();
  readonly #kept: number;
  /** No name that is not counted has come more often than that. */
  #floor = 0;

  /** @param kept rows, when there are too many */
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

  /** A second is over. */
  tick(): void {
    for (const { counts } of this.#rows.values()) counts.tick();
  }

  /** The first by a measure, the largest first; of equals by name, so that rows do not jump about. */
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
