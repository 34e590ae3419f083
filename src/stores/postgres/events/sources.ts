import type { EventSource, EventType } from '../../contract/events.js';

import { POLL } from '../../sql/events/sources.js';

const TYPES: readonly EventType[] = [...POLL.types, 'CacheFlushed'];

/** Adds triggers to the tables while it runs, if that is permitted. */
export const TRIGGERS: EventSource = { name: 'triggers', types: TYPES, clients: false, tags: false };

export const EVENT_SOURCES: readonly EventSource[] = [POLL, TRIGGERS];
