import type { EventSource, EventType } from '../../contract/events.js';

const TYPES: readonly EventType[] = ['KeyWritten', 'KeyForgotten', 'KeyExpired', 'LockAcquired', 'LockReleased'];

/** Compares the rows at intervals, and only reads. */
export const POLL: EventSource = { name: 'poll', types: TYPES, clients: false, tags: false };
