import type { CacheEvent, EventType } from '../stores/event-contract.js';
import type { Style } from './style.js';

import { answersAPerson } from './output.js';
import { styleAnswer } from './style.js';
import { forTerminal, lineField, ttlText } from './value-text.js';

const STYLES: Readonly<Record<EventType, Style>> = {
  CacheFlushed: 'red',
  CacheHit: 'green',
  CacheMissed: 'yellow',
  KeyEvicted: 'red',
  KeyExpired: 'dim',
  KeyForgotten: 'red',
  KeyWritten: 'cyan',
  LockAcquired: 'bold',
  LockContended: 'yellow',
  LockReleased: 'bold',
};

const LONGEST_TYPE = Math.max(...Object.keys(STYLES).map((type) => type.length));

/** An event on one line: columns for a person, fields between tabs (full time first) for a pipe. */
export function eventLine(event: CacheEvent): string {
  const key = lineField(event.key ?? '');
  const details = detailsOf(event);
  if (!answersAPerson()) return [event.time.toISOString(), event.type, key, ...details].join('\t');
  const type = styleAnswer(STYLES[event.type], event.type.padEnd(LONGEST_TYPE));
  return [clockTime(event.time), type, forTerminal(Buffer.from(key)), styleAnswer('dim', details.join(', '))]
    .join('  ')
    .trimEnd();
}

/** The members of an event in `--json`. */
export function eventFields({ time, type, key, ttl, size }: CacheEvent) {
  return { time: time.toISOString(), type, key, ttl, size };
}

function detailsOf({ ttl, size }: CacheEvent): string[] {
  const details: string[] = [];
  if (ttl !== undefined) details.push(ttlText(ttl));
  if (size !== undefined) details.push(size === 1 ? '1 byte' : `${size} bytes`);
  return details;
}

/** Local time to the millisecond. */
export function clockTime(time: Date): string {
  const offset = time.getTimezoneOffset() * 60_000;
  return new Date(time.getTime() - offset).toISOString().slice(11, 23);
}
