import type { EventSource, EventType } from '../event-contract.js';

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
