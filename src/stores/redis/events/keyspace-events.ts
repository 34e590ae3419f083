import type { EventType } from '../../contract/events.js';

/**
 * The names of Redis's events by what they are to a cache. A SET with a ttl makes `set` and `expire`; `expire` alone is
 * another ttl for the same value, which is no event of a cache.
 */
export const TYPES: ReadonlyMap<string, EventType> = new Map([
  ['append', 'KeyWritten'],
  ['copy_to', 'KeyWritten'],
  ['incrby', 'KeyWritten'],
  ['incrbyfloat', 'KeyWritten'],
  ['move_to', 'KeyWritten'],
  ['rename_to', 'KeyWritten'],
  ['restore', 'KeyWritten'],
  ['set', 'KeyWritten'],
  ['setrange', 'KeyWritten'],
  ['del', 'KeyForgotten'],
  ['move_from', 'KeyForgotten'],
  ['rename_from', 'KeyForgotten'],
  ['expired', 'KeyExpired'],
  ['evicted', 'KeyEvicted'],
  ['keymiss', 'CacheMissed'],
] as const);

/** What is told of a lock in place of what is told of an entry. Looking whether it is held is no lookup in the cache. */
export const LOCK_TYPES: Readonly<Partial<Record<EventType, EventType>>> = {
  KeyWritten: 'LockAcquired',
  KeyForgotten: 'LockReleased',
  KeyExpired: 'KeyExpired',
  KeyEvicted: 'KeyEvicted',
};
