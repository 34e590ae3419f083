import type { EventSource, EventType } from '../../contract/events.js';

/** The events of every server's watch. It never reports expiries and flush_all. */
export const ALWAYS: readonly EventType[] = [
  'CacheHit',
  'CacheMissed',
  'KeyWritten',
  'KeyEvicted',
  'LockAcquired',
  'LockContended',
];

/** Reported since Memcached 1.6.20. */
const DELETIONS: readonly EventType[] = ['KeyForgotten', 'LockReleased'];

export const EVENTS: readonly EventType[] = [...ALWAYS, ...DELETIONS];

export const EVENT_SOURCES: readonly EventSource[] = [{ name: 'watch', types: EVENTS, clients: true, tags: false }];
