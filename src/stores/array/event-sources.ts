import type { EventSource, EventType } from '../contract/events.js';

export const EVENTS: readonly EventType[] = [
  'CacheHit',
  'CacheMissed',
  'KeyWritten',
  'KeyForgotten',
  'KeyExpired',
  'LockAcquired',
  'LockContended',
  'LockReleased',
  'CacheFlushed',
];

export const EVENT_SOURCES: readonly EventSource[] = [{ name: 'memory', types: EVENTS, clients: false, tags: true }];
