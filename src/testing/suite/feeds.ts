import type { CacheEvent, EventsOptions, EventSource, EventStream, EventType } from '../../stores/contract/events.js';
import type { Store } from '../../stores/contract/store.js';
import type { Stores } from './stores.js';

/** A source under test. */
export interface Feeds {
  readonly stores: Stores;
  readonly source: EventSource;
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
