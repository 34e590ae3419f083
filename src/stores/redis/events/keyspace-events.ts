import type { EventType } from '../../contract/events.js';

/** The start of the channel names on which Redis publishes the keyspace events of a database. */
export function channelPrefix({ database }: { readonly database: number }): string {
  return `__keyevent@${database}__:`;
}

/**
 * What Redis's keyspace events mean to a cache. A SET with a TTL causes `set` and `expire`; `expire` alone only changes the
 * TTL, which is no event of a cache.
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

/** What an event is called when the key is a lock. Checking whether a lock is held is not a lookup in the cache. */
export const LOCK_TYPES: Readonly<Partial<Record<EventType, EventType>>> = {
  KeyWritten: 'LockAcquired',
  KeyForgotten: 'LockReleased',
  KeyExpired: 'KeyExpired',
  KeyEvicted: 'KeyEvicted',
};
