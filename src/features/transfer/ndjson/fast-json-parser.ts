import type { ArrayKey, Value } from '../../../codecs/value.js';

import { boolean, float, integer, NULL } from '../../../codecs/value.js';

/**
 * Parses plain JSON straight from UTF-8 bytes, to the same values as `parseJson`. It returns undefined for what it leaves
 * to that parser: white space, numbers as names, `\u` escapes, and everything that is not JSON.
 */
export class FastJsonParser {
  readonly #bytes: Buffer;
  #at = 0;
  #end = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The offset after the value that was read. */
  get at(): number {
    return this.#at;
  }

  /** The value at `start`, which ends before `end`. */
  read(start: number, end: number): undefined | Value {
    this.#at = start;
    this.#end = end;
    return this.#value(0);
  }

  #value(depth: number): undefined | Value {
    const first = this.#bytes[this.#at]!;
    if (first === QUOTE) {
      const text = this.#string();
      return text && { type: 'string', value: text };
    }

    if (first === MINUS || (first >= ZERO && first <= NINE)) return this.#number();
    if (depth > MAX_DEPTH) return undefined;
    if (first === OPEN_OBJECT) return this.#array(CLOSE_OBJECT, depth);
    if (first === OPEN_LIST) return this.#array(CLOSE_LIST, depth);
    if (this.#skip(WORD_NULL)) return NULL;
    if (this.#skip(WORD_TRUE)) return boolean(true);
    return this.#skip(WORD_FALSE) ? boolean(false) : undefined;
  }

  #array(close: number, depth: number): undefined | Value {
    const entries: Array<readonly [ArrayKey, Value]> = [];
    const bytes = this.#bytes;
    this.#at++;
    if (bytes[this.#at] === close) {
      this.#at++;
      return { type: 'array', entries };
    }

    for (;;) {
      let key: ArrayKey | undefined;
      if (close === CLOSE_LIST) {
        key = BigInt(entries.length);
      } else {
        key = this.#name();
        if (key === undefined || holds(entries, key)) return undefined;
      }

      const value = this.#value(depth + 1);
      if (value === undefined) return undefined;
      entries.push([key, value]);
      const mark = bytes[this.#at++];
      if (mark === close) return { type: 'array', entries };
      if (mark !== COMMA) return undefined;
    }
  }

  /** A name and its colon. */
  #name(): Buffer | undefined {
    const bytes = this.#bytes;
    if (bytes[this.#at] !== QUOTE) return undefined;
    const first = bytes[this.#at + 1]!;
    if (first <= NINE && first !== QUOTE) return undefined;
    const name = this.#string();
    return name && bytes[this.#at++] === COLON ? name : undefined;
  }

  #string(): Buffer | undefined {
    const bytes = this.#bytes;
    const start = this.#at + 1;
    let isEscaped = false;
    let at = start;
    for (; at < this.#end; at++) {
      const byte = bytes[at]!;
      if (byte === QUOTE) break;
      if (byte < SPACE) return undefined;
      if (byte !== BACKSLASH) continue;
      isEscaped = true;
      at++;
      // It may spell half of a surrogate pair, which the other parser refuses.
      if (bytes[at] === SMALL_U) return undefined;
    }

    if (at >= this.#end) return undefined;
    this.#at = at + 1;
    return isEscaped ? unescaped(bytes.toString('utf8', start - 1, at + 1)) : bytes.subarray(start, at);
  }

  #number(): undefined | Value {
    const bytes = this.#bytes;
    const start = this.#at;
    let at = bytes[start] === MINUS ? start + 1 : start;
    const firstDigit = at;
    let whole = 0;
    while (bytes[at]! >= ZERO && bytes[at]! <= NINE) whole = whole * 10 + bytes[at++]! - ZERO;
    const digits = at - firstDigit;
    if (digits === 0 || digits > MAX_DIGITS || (digits > 1 && bytes[firstDigit] === ZERO)) return undefined;
    if (bytes[at] !== POINT && bytes[at] !== SMALL_E && bytes[at] !== CAPITAL_E) {
      this.#at = at;
      return integer(BigInt(firstDigit > start ? -whole : whole));
    }

    while (at < this.#end && !ENDS.has(bytes[at]!)) at++;
    const text = bytes.toString('latin1', start, at);
    if (!FLOAT.test(text)) return undefined;
    const value = Number(text);
    this.#at = at;
    return Number.isFinite(value) ? float(value) : undefined;
  }

  #skip(word: Buffer): boolean {
    for (let index = 0; index < word.length; index++) if (this.#bytes[this.#at + index] !== word[index]) return false;
    this.#at += word.length;
    return true;
  }
}

/** Whether the key may be there already: the last member counts, in the place of the first. */
function holds(entries: ReadonlyArray<readonly [ArrayKey, Value]>, key: Buffer): boolean {
  // Comparing all pairs is fast for a few.
  if (entries.length > MAX_COMPARED) return true;
  return entries.some(([other]) => typeof other !== 'bigint' && other.length === key.length && other.equals(key));
}

function unescaped(json: string): Buffer | undefined {
  try {
    return Buffer.from(JSON.parse(json) as string);
  } catch {
    return undefined;
  }
}

/** Digits of an integer that a JavaScript number holds exactly. */
const MAX_DIGITS = 15;

/** The other parser checks the depth of anything deeper. */
const MAX_DEPTH = 100;

const MAX_COMPARED = 32;

const FLOAT = /^-?(0|[1-9]\d*)(\.\d+)?([Ee][+-]?\d+)?$/;

const WORD_NULL = Buffer.from('null');
const WORD_TRUE = Buffer.from('true');
const WORD_FALSE = Buffer.from('false');

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SMALL_U = 0x75;
const SPACE = 0x20;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const COMMA = 0x2c;
const SMALL_E = 0x65;
const CAPITAL_E = 0x45;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const ENDS: ReadonlySet<number> = new Set([CLOSE_LIST, CLOSE_OBJECT, COMMA]);
