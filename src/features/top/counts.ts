import type { CacheEvent, EventType } from '../../stores/contract/events.js';

/** Seconds of history that a row keeps. */
export const HISTORY = 20;

export class EventCounts {
  events = 0;
  /** Stored bytes that were read or written, if the source reports them. */
  bytes = 0;
  readonly #byType = new Map<EventType, number>();
  /** Events of the last whole seconds, the newest last. */
  #history: number[] = [];
  #thisSecond = 0;

  add({ type, size }: CacheEvent): void {
    this.events++;
    this.#thisSecond++;
    this.bytes += size ?? 0;
    this.#byType.set(type, (this.#byType.get(type) ?? 0) + 1);
  }

  of(type: EventType): number {
    return this.#byType.get(type) ?? 0;
  }

  /** From 0 to 1. Undefined without lookups. */
  get hitRatio(): number | undefined {
    const [hits, misses] = [this.of('CacheHit'), this.of('CacheMissed')];
    return hits + misses === 0 ? undefined : hits / (hits + misses);
  }

  get history(): readonly number[] {
    return this.#history;
  }

  /** Call it once a second. */
  tick(): void {
    this.#history = [...this.#history.slice(1 - HISTORY), this.#thisSecond];
    this.#thisSecond = 0;
  }
}
