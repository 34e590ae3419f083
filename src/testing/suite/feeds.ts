import type { CacheEvent, EventsOptions, EventSource, EventStream, EventType } from '../../stores/contract/events.js';
import type { Store } from '../../stores/contract/store.js';
import type { Stores } from './stores.js';

/** A source under test. */
export interface Feeds {
  readonly stores: Stores;
  readonly source: EventSource;
  /** Whether the source compares what is stored at intervals, so that a step must be seen before the next one. */
  readonly isPolled: boolean;
  /** Open a stream from the source. It ends after the case. */
  tail(
    store: Store,
    options?: Partial<EventsOptions>,
  ): Promise<{ readonly stream: EventStream; readonly controller: AbortController }>;
}

/** Read the events of `key` up to the first of type `last`, then end the stream. */
export async function eventsUntil(stream: EventStream, key: string, last: EventType): Promise<CacheEvent[]> {
  const events: CacheEvent[] = [];
  for await (const event of stream) {
    if (event.key !== key) continue;
    events.push(event);
    if (event.type === last) break;
  }

  return events;
}

/** Filter the types that the stream can report: a server may not support all types of its source. */
export function reportedTypes(stream: EventStream, happened: readonly EventType[]): EventType[] {
  return happened.filter((type) => stream.types.includes(type));
}

/** Reads a stream while the case goes on. */
export class StepReader {
  readonly #iterator: AsyncIterator<CacheEvent>;
  readonly #isPolled: boolean;
  readonly #events: CacheEvent[] = [];

  constructor(stream: EventStream, { isPolled }: Feeds) {
    this.#iterator = stream[Symbol.asyncIterator]();
    this.#isPolled = isPolled;
  }

  /** Wait for an event. */
  async next(key: string, type: EventType): Promise<void> {
    for (;;) {
      const { done, value } = await this.#iterator.next();
      if (done === true) return;
      this.#events.push(value);
      if (value.key === key && value.type === type) return;
    }
  }

  /** Wait for an event if the source polls. */
  async step(key: string, type: EventType): Promise<void> {
    if (this.#isPolled) await this.next(key, type);
  }

  /** Wait for an event, end the stream, and return all events. */
  async until(key: string, type: EventType): Promise<CacheEvent[]> {
    await this.next(key, type);
    await this.#iterator.return?.();
    return this.#events;
  }
}
