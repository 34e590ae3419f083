import type { EventType } from '../contract/events.js';

import { isScheduleMutex } from './names.js';

/** The type to report for an event of an entry. A scheduler mutex is a lock that is stored among the entries. */
export function entryEventType(type: EventType, key: string | undefined): EventType {
  if (key === undefined || !isScheduleMutex(key)) return type;
  return OF_LOCKS[type] ?? type;
}

const OF_LOCKS: Readonly<Partial<Record<EventType, EventType>>> = {
  KeyWritten: 'LockAcquired',
  KeyForgotten: 'LockReleased',
};
