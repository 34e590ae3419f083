import type { Value } from '../../../codecs/value.js';
import type { LineContext } from './line-parser.js';

import { phpArray } from '../../../codecs/json/parse.js';
import { JsonParser, JsonSyntaxError } from '../../../codecs/json/parser.js';
import { MAX_SECONDS } from '../../../terminal/durations.js';
import { NO_TAGS, type TransferEntry } from '../entry.js';

/** Undefined where `parseLine` has to read the line. */
export type FastResult = 'expired' | TransferEntry | undefined;

const HEAD = Buffer.from('{"key":"');
const VALUE = Buffer.from('","value":');
const EXPIRES = Buffer.from(',"expires":');
const NULL_END = Buffer.from('null}');

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;
const CLOSE = 0x7d;
const LAST_ASCII = 0x7f;

/** Digits of a Unix time; the other parser refuses longer ones. */
const MAX_DIGITS = 12;

/**
 * Parses lines as `printLine` writes most of them, straight from UTF-8 bytes: key, value and expiry in this order, without
 * white space or escapes in the key. It leaves every other line to `parseLine`.
 */
export class FastLineParser {
  readonly #bytes: Buffer;
  readonly #json: JsonParser;
  readonly #now: number;

  constructor(bytes: Buffer, { now }: LineContext) {
    this.#bytes = bytes;
    this.#json = new JsonParser(bytes, phpArray);
    this.#now = now;
  }

  /** The line from `start` to `end`, without its line feed. */
  read(start: number, end: number): FastResult {
    const bytes = this.#bytes;
    const keyStart = this.#after(HEAD, start);
    if (keyStart === -1) return undefined;
    let at = keyStart;
    let isAscii = true;
    for (; at < end; at++) {
      const byte = bytes[at]!;
      if (byte === QUOTE) break;
      if (byte === BACKSLASH || byte < SPACE) return undefined;
      if (byte > LAST_ASCII) isAscii = false;
    }

    const valueStart = this.#after(VALUE, at);
    if (valueStart === -1 || at === keyStart) return undefined;
    const value = this.#value(valueStart, end);
    if (value === undefined) return undefined;
    const ttl = this.#ttl(this.#after(EXPIRES, this.#json.at), end);
    if (ttl === undefined || (ttl !== null && ttl > MAX_SECONDS)) return undefined;
    if (ttl !== null && ttl <= 0) return 'expired';
    const key = bytes.toString(isAscii ? 'latin1' : 'utf8', keyStart, at);
    return { key, value, ttl, tags: NO_TAGS };
  }

  /** Undefined where it is not JSON: `parseLine` finds out why. */
  #value(start: number, end: number): undefined | Value {
    try {
      return this.#json.value(start, end);
    } catch (error) {
      if (error instanceof JsonSyntaxError) return undefined;
      throw error;
    }
  }

  /** The rest of the line, from its expiry, in seconds from now. */
  #ttl(start: number, end: number): null | number | undefined {
    if (start === -1) return undefined;
    const bytes = this.#bytes;
    if (this.#after(NULL_END, start) === end) return null;
    let time = 0;
    let at = start;
    for (; at < end && at < start + MAX_DIGITS; at++) {
      const byte = bytes[at]!;
      if (byte < ZERO || byte > NINE) break;
      time = time * 10 + byte - ZERO;
    }

    return at > start && bytes[at] === CLOSE && at + 1 === end ? time - this.#now : undefined;
  }

  /** The offset after `text`; -1 where it is not at `start`. */
  #after(text: Buffer, start: number): number {
    const bytes = this.#bytes;
    for (let index = 0; index < text.length; index++) if (bytes[start + index] !== text[index]) return -1;
    return start + text.length;
  }
}
