import type { EventType } from '../contract/events.js';

import { isScheduleMutex } from './names.js';

/** The type to report for an event of an entry: a scheduler's mutex lies among the entries, and is a lock. */
export function entryEventType(type: EventType, key: string | undefined): EventType {
  if (key === undefined || !isScheduleMutex(key)) return type;
  return OF_LOCKS[type] ?? type;
}

const OF_LOCKS: Readonly<Partial<Record<EventType, EventType>>> = {
  KeyWritten: 'LockAcquired',
  KeyForgotten: 'LockReleased',
};
