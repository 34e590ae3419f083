import type { EventSource, EventType } from '../../contract/events.js';

export const EVENTS: readonly EventType[] = [
  'KeyWritten',
  'KeyForgotten',
  'KeyExpired',
  'LockAcquired',
  'LockContended',
  'LockReleased',
];

/** Adds triggers to the file. */
const TRIGGERS: EventSource = { name: 'triggers', types: EVENTS, clients: false, tags: true };

/** Compares the rows at intervals, and only reads. */
export const POLL: EventSource = {
  name: 'poll',
  types: EVENTS.filter((type) => type !== 'LockContended'),
  clients: false,
  tags: false,
};

export const EVENT_SOURCES: readonly EventSource[] = [TRIGGERS, POLL];
