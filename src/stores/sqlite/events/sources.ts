import type { EventSource, EventType } from '../../contract/events.js';

export const EVENTS: readonly EventType[] = [
  'KeyWritten',
  'KeyForgotten',
  'KeyExpired',
  'LockAcquired',
  'LockContended',
  'LockReleased',
];

export const EVENT_SOURCES: readonly EventSource[] = [{ name: 'triggers', types: EVENTS, clients: false, tags: true }];
