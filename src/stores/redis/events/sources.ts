import type { EventSource, EventType } from '../../contract/events.js';

/** What keyspace notifications can tell. Hits are never announced, nor is FLUSHDB. */
export const NOTIFIED: readonly EventType[] = [
  'KeyWritten',
  'KeyForgotten',
  'KeyExpired',
  'KeyEvicted',
  'CacheMissed',
  'LockAcquired',
  'LockReleased',
];

/** What MONITOR and they can tell together. */
export const MONITORED: readonly EventType[] = [...NOTIFIED, 'CacheHit', 'LockContended', 'CacheFlushed'];

export const EVENT_SOURCES: readonly EventSource[] = [
  { name: 'notifications', types: NOTIFIED, clients: false, tags: true },
  { name: 'monitor', types: MONITORED, clients: true, tags: true },
];
