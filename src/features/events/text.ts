import type { CacheEvent, EventType } from '../../stores/contract/events.js';
import type { Style } from '../../terminal/style.js';

import { quoted } from '../../codecs/json/text.js';
import { printKey } from '../../stores/entries/printed-key.js';
import { clockTime } from '../../terminal/durations.js';
import { answersAPerson } from '../../terminal/output.js';
import { styleAnswer } from '../../terminal/style.js';
import { forTerminal, lineField, ttlText } from '../../terminal/value-text.js';

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

const TYPE_WIDTH = Math.max(...Object.keys(STYLES).map((type) => type.length));

/**
 * An event on one line: columns for a person, fields between tabs (full time first) for a pipe.
 * @param preview the value on one line
 */
export function eventLine(event: CacheEvent, preview?: string): string {
  const key = printKey(event.key ?? '');
  const details = detailsOf(event);
  if (preview !== undefined) details.push(`= ${lineField(preview)}`);
  if (!answersAPerson()) return `${[event.time.toISOString(), event.type, key, ...details].join('\t')}\n`;
  const type = styleAnswer(STYLES[event.type], event.type.padEnd(TYPE_WIDTH));
  const rest = forTerminal(Buffer.from(details.join(', ')));
  const columns = [clockTime(event.time), type, key, styleAnswer('dim', rest)];
  return `${columns.join('  ').trimEnd()}\n`;
}

/**
 * An event as a line of `--json`. Built by hand, since there may be hundreds of thousands per second.
 * @param source its name for `--source`
 */
export function eventJson({ time, type, client, ...event }: CacheEvent, source: string, preview?: string): string {
  const { key, isForeign, tags, ttl, size } = event;
  let members = `"at":"${time.toISOString()}","type":"${type}"`;
  if (key !== undefined) members += `,"key":${JSON.stringify(printKey(key))}`;
  if (isForeign) members += ',"otherPrefix":true';
  if (tags !== undefined) members += `,"tags":${JSON.stringify(tags.map((tag) => printKey(tag)))}`;
  if (ttl !== undefined) members += `,"ttl":${ttl}`;
  if (size !== undefined) members += `,"size":${size}`;
  if (client?.address !== undefined) members += `,"address":${quoted(client.address)}`;
  if (client?.name !== undefined) members += `,"client":${quoted(client.name)}`;
  if (preview !== undefined) members += `,"preview":${quoted(preview)}`;
  return `{${members},"source":${quoted(source)}}\n`;
}

function detailsOf({ ttl, size, tags, client }: CacheEvent): string[] {
  const details: string[] = [];
  if (ttl !== undefined) details.push(ttlText(ttl));
  if (size !== undefined) details.push(size === 1 ? '1 byte' : `${size} bytes`);
  if (tags !== undefined && tags.length > 0) details.push(`tags ${tags.map((tag) => printKey(tag)).join(' ')}`);
  const who = [client?.name, client?.address].filter((part) => part !== undefined && part !== '');
  if (who.length > 0) details.push(lineField(`by ${who.join(' ')}`));
  return details;
}
