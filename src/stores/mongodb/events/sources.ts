import type { EventSource } from '../../contract/events.js';

/** What change streams can tell. A document that the TTL index removes is deleted like any other. */
export const STREAM: EventSource = {
  name: 'stream',
  types: ['KeyWritten', 'KeyForgotten', 'LockAcquired', 'LockReleased', 'CacheFlushed'],
  clients: false,
  tags: true,
};

/** What differences between two looks can tell, on any server. */
export const POLL: EventSource = {
  name: 'poll',
  types: ['KeyWritten', 'KeyForgotten', 'KeyExpired', 'LockAcquired', 'LockContended', 'LockReleased'],
  clients: false,
  tags: true,
};

export const EVENT_SOURCES: readonly EventSource[] = [STREAM, POLL];
