import type { CacheEvent, EventStream, EventType } from '../../stores/contract/events.js';
import type { Store } from '../../stores/contract/store.js';

import { toFailure } from '../../runtime/report-error.js';
import { valueLine } from '../../terminal/value-text.js';

/** The maximum number of characters of a value. */
const MAX_LENGTH = 80;

/** Event types after which the key exists. */
const HOLDING: ReadonlySet<EventType> = new Set(['CacheHit', 'KeyWritten']);

/**
 * The current value of an event's key, on one line, truncated. Undefined if the key does not exist. An error is shown
 * in place of the value.
 */
export async function previewOf(store: Store, stream: EventStream, event: CacheEvent): Promise<string | undefined> {
  if (event.key === undefined || event.isForeign || !HOLDING.has(event.type)) return undefined;
  const keys = [event.key];
  const [reading] = await (stream.peek ? stream.peek(keys) : store.many(keys));
  if (reading === undefined) return undefined;
  try {
    if (reading instanceof Error) throw reading;
    return shortened(valueLine(reading.decode()));
  } catch (error) {
    return `(${toFailure(error).message})`;
  }
}

function shortened(text: string): string {
  if (text.length <= MAX_LENGTH) return text;
  // No half of a surrogate pair.
  return `${text.slice(0, MAX_LENGTH - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
