import type { CacheEvent, EventType } from '../../contract/events.js';

import { timeOf, ttlOf } from './watch-fields.js';

/**
 * The event type of a watch line. Undefined for lines that are no event, such as a refused write. `add` acquires a
 * lock, `cas` refreshes it.
 */
export function typeOf(fields: ReadonlyMap<string, string>, isLock: boolean): EventType | undefined {
  const status = fields.get('status');
  switch (fields.get('type')) {
    case 'item_get': {
      return status === 'found' ? 'CacheHit' : 'CacheMissed';
    }

    case 'item_store': {
      const how = fields.get('cmd');
      if (isLock && how === 'add') return LOCK_ATTEMPTS.get(status);
      return status !== 'stored' || (isLock && how === 'cas') ? undefined : 'KeyWritten';
    }

    case 'deleted': {
      return isLock ? 'LockReleased' : 'KeyForgotten';
    }

    case 'eviction': {
      return 'KeyEvicted';
    }

    default: {
      return undefined;
    }
  }
}

/** `ts=1795437380.40790 gid=3 type=item_store key=k status=stored cmd=set ttl=60 clsid=1 cfd=26 size=3`. */
export function eventOf(type: EventType, key: string, fields: ReadonlyMap<string, string>): CacheEvent {
  const ttl = WITH_TTL.has(type) ? ttlOf(fields.get('ttl')) : undefined;
  const size = WITH_SIZE.has(type) ? Number(fields.get('size')) : Number.NaN;
  return {
    time: timeOf(fields.get('ts')),
    type,
    key,
    ...(ttl !== undefined && { ttl }),
    ...(Number.isInteger(size) && { size }),
  };
}

const LOCK_ATTEMPTS: ReadonlyMap<string | undefined, EventType> = new Map([
  ['stored', 'LockAcquired'],
  ['not_stored', 'LockContended'],
]);

const WITH_TTL: ReadonlySet<EventType> = new Set(['KeyWritten', 'LockAcquired']);

const WITH_SIZE: ReadonlySet<EventType> = new Set(['CacheHit', 'KeyEvicted', 'KeyForgotten', 'KeyWritten']);
