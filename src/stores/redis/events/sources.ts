import type { EventSource, EventType } from '../../contract/events.js';

/** The events that keyspace notifications report. They report no hits and no FLUSHDB. */
export const NOTIFIED: readonly EventType[] = [
  'KeyWritten',
  'KeyForgotten',
  'KeyExpired',
  'KeyEvicted',
  'CacheMissed',
  'LockAcquired',
  'LockReleased',
];

/** The events that MONITOR and notifications report together. */
export const MONITORED: readonly EventType[] = [...NOTIFIED, 'CacheHit', 'LockContended', 'CacheFlushed'];

export const EVENT_SOURCES: readonly EventSource[] = [
  { name: 'notifications', types: NOTIFIED, clients: false, tags: true },
  { name: 'monitor', types: MONITORED, clients: true, tags: true },
];
