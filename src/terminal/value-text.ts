import type { Value } from '../codecs/value.js';
import type { Ttl } from '../stores/contract/store.js';

import { toJson, toPrettyJson } from '../codecs/json/print.js';
import { printable } from '../stores/entries/printed-key.js';
import { formatPreciseDuration } from './durations.js';

/** A value as `get` prints it: the exact bytes of a string, anything else as JSON. */
export function valueBytes(value: Value): Buffer {
  return value.type === 'string' ? value.value : Buffer.from(toPrettyJson(value));
}

/** A value on one line. Strings with control characters or invalid UTF-8 are quoted as JSON. */
export function valueLine(value: Value): string {
  if (value.type !== 'string') return toJson(value);
  const text = value.value.toString();
  const isPlain = !CONTROL.test(text) && Buffer.from(text).equals(value.value);
  return isPlain ? text : toJson(value);
}

/**
 * Text for a terminal. Control and bidirectional characters are escaped (`\x1b`): cached data could otherwise move the
 * cursor, change the title or reverse the text.
 */
export function forTerminal(bytes: Buffer): string {
  return printable(bytes.toString());
}

/** A field of a tab-separated line. Tabs and line breaks are escaped. */
export function lineField(text: string): string {
  // Fast path: most fields need no escapes.
  return FIELD_ENDS.test(text) ? text.replaceAll(ALL_FIELD_ENDS, (character) => SHOWN_ENDS[character]!) : text;
}

const FIELD_ENDS = /[\t\n\r]/;
const ALL_FIELD_ENDS = /[\t\n\r]/g;
const SHOWN_ENDS: Readonly<Record<string, string>> = {
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
};

/** A TTL in a pipe: seconds, `never` or `unknown`. */
export function plainTtl(ttl: Ttl | undefined): string {
  return ttl === null ? 'never' : String(ttl ?? 'unknown');
}

/** A TTL in an EXPIRES column: `in 1h 30m`, `never`, `unknown`. */
export function expiresText(ttl: Ttl | undefined): string {
  return typeof ttl === 'number' ? `in ${formatPreciseDuration(ttl)}` : plainTtl(ttl);
}

/** A TTL in a sentence: `expires in 1h 30m`, `never expires`. */
export function ttlText(ttl: Ttl | undefined): string {
  if (ttl === undefined) return 'TTL unknown';
  return ttl === null ? 'never expires' : `expires in ${formatPreciseDuration(ttl)}`;
}

/** Control characters, line separators and bidirectional controls. */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;
