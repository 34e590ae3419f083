import type { EventSource, EventType } from '../../contract/events.js';

/** What every server's watch can tell; expiry and flush_all it never does. */
export const ALWAYS: readonly EventType[] = [
  'CacheHit',
  'CacheMissed',
  'KeyWritten',
  'KeyEvicted',
  'LockAcquired',
  'LockContended',
];

/** Told from Memcached 1.6.20 on. */
const DELETIONS: readonly EventType[] = ['KeyForgotten', 'LockReleased'];

export const EVENTS: readonly EventType[] = [...ALWAYS, ...DELETIONS];

export const EVENT_SOURCES: readonly EventSource[] = [{ name: 'watch', types: EVENTS, clients: true, tags: false }];
