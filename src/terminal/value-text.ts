import type { Value } from '../codecs/value.js';
import type { Ttl } from '../stores/contract/store.js';

import { toJson, toPrettyJson } from '../codecs/json/print.js';
import { printable } from '../stores/entries/printed-key.js';
import { formatPreciseDuration } from './durations.js';

/** A value as `get` prints it: a string bare, to the byte; anything else as JSON. */
export function valueBytes(value: Value): Buffer {
  return value.type === 'string' ? value.value : Buffer.from(toPrettyJson(value));
}

/** A value on one line: strings that hold line breaks, tabs or other bytes than text are quoted as JSON. */
export function valueLine(value: Value): string {
  if (value.type !== 'string') return toJson(value);
  const text = value.value.toString();
  const isPlain = !CONTROL.test(text) && Buffer.from(text).equals(value.value);
  return isPlain ? text : toJson(value);
}

/**
 * The same for a terminal: what would move its cursor, change its title or reverse its text is shown as `\x1b`, not
 * obeyed. Anyone who can write to the cache could otherwise write on the screen of whoever reads it.
 */
export function forTerminal(bytes: Buffer): string {
  return printable(bytes.toString());
}

/** A field of a line: what would end the line or the field is shown as `\n`, `\r`, `\t`. */
export function lineField(text: string): string {
  // Most have none, and there are many.
  return FIELD_ENDS.test(text) ? text.replaceAll(ALL_FIELD_ENDS, (character) => SHOWN_ENDS[character]!) : text;
}

const FIELD_ENDS = /[\t\n\r]/;
const ALL_FIELD_ENDS = /[\t\n\r]/g;
const SHOWN_ENDS: Readonly<Record<string, string>> = {
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
};

/** In a pipe: seconds, `never` or `unknown`. */
export function plainTtl(ttl: Ttl | undefined): string {
  return ttl === null ? 'never' : String(ttl ?? 'unknown');
}

/** In a column EXPIRES: `in 1h 30m`, `never`, `unknown`. */
export function expiresText(ttl: Ttl | undefined): string {
  return typeof ttl === 'number' ? `in ${formatPreciseDuration(ttl)}` : plainTtl(ttl);
}

/** `expires in 1h 30m`, `never expires`. */
export function ttlText(ttl: Ttl | undefined): string {
  if (ttl === undefined) return 'TTL unknown';
  return ttl === null ? 'never expires' : `expires in ${formatPreciseDuration(ttl)}`;
}

/** Controls, line ends and changes of the text's direction. */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;
