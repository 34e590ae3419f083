import type { Value } from '../value.js';

import { KeyPositions } from '../key-positions.js';
import { boolean, fitsInt64, float, integer, NULL } from '../value.js';
import { excerpt } from './text.js';

/** A JSON syntax error. `at` is a byte offset. */
export class JsonSyntaxError extends Error {
  constructor(
    message: string,
    readonly at: number,
  ) {
    super(message);
  }
}

/** Builds the value of a JSON object. Member names are unique. */
export type MakeObject = (members: ReadonlyArray<readonly [Buffer, Value]>) => Value;

/** Deeper than realistic data, and safe for the stack. */
export const MAX_DEPTH = 1000;

/** Parses JSON (RFC 8259) in UTF-8 bytes. Strings without escapes are views of these bytes. */
export class JsonParser {
  readonly #bytes: Buffer;
  readonly #makeObject: MakeObject;
  #at = 0;
  #end = 0;

  constructor(bytes: Buffer, makeObject: MakeObject) {
    this.#bytes = bytes;
    this.#makeObject = makeObject;
  }

  /** The offset after the last value read. */
  get at(): number {
    return this.#at;
  }

  /** Parse all bytes as one value. @throws JsonSyntaxError */
  document(): Value {
    const value = this.value(0, this.#bytes.length);
    if (this.#next() !== undefined) throw this.#expected('the end');
    return value;
  }

  /** Parse the value at `start`, which must end before `end`. @throws JsonSyntaxError */
  value(start: number, end: number): Value {
    this.#at = start;
    this.#end = end;
    return this.#value(0);
  }

  #value(depth: number): Value {
    const first = this.#next();
    if (depth > MAX_DEPTH) throw this.#error(`it is nested deeper than ${MAX_DEPTH} levels`);
    if (first === QUOTE) return { type: 'string', value: this.#string() };
    if (first === MINUS || isDigit(first)) return this.#number();
    if (first === OPEN_OBJECT) return this.#object(depth);
    if (first === OPEN_LIST) return this.#list(depth);
    if (this.#skipWord(WORD_NULL)) return NULL;
    if (this.#skipWord(WORD_TRUE)) return boolean(true);
    if (this.#skipWord(WORD_FALSE)) return boolean(false);
    throw this.#expected('a value');
  }

  #list(depth: number): Value {
    const entries: Array<readonly [bigint, Value]> = [];
    this.#at++;
    if (this.#next() === CLOSE_LIST) this.#at++;
    else {
      do entries.push([BigInt(entries.length), this.#value(depth + 1)]);
      while (this.#continues(CLOSE_LIST, 'a comma or ]'));
    }

    return { type: 'array', entries };
  }

  #object(depth: number): Value {
    const members: Array<readonly [Buffer, Value]> = [];
    const positions = new KeyPositions();
    this.#at++;
    if (this.#next() === CLOSE_OBJECT) this.#at++;
    else {
      do {
        if (this.#next() !== QUOTE) throw this.#expected('a name in quotes');
        const name = this.#string();
        if (this.#next() !== COLON) throw this.#expected('a colon');
        this.#at++;
        const value = this.#value(depth + 1);
        const position = positions.positionOf(name, members);
        if (position === undefined) members.push([name, value]);
        else members[position] = [name, value];
      } while (this.#continues(CLOSE_OBJECT, 'a comma or }'));
    }

    return this.#makeObject(members);
  }

  /** True after a comma, false after `close`. */
  #continues(close: number, expected: string): boolean {
    const mark = this.#next();
    if (mark !== COMMA && mark !== close) throw this.#expected(expected);
    this.#at++;
    return mark === COMMA;
  }

  #string(): Buffer {
    const bytes = this.#bytes;
    const end = this.#end;
    const start = this.#at + 1;
    let isEscaped = false;
    let at = start;
    for (; at < end; at++) {
      const byte = bytes[at]!;
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) {
        isEscaped = true;
        at = this.#escapeEnd(at) - 1;
      } else if (byte < SPACE) {
        throw new JsonSyntaxError(`a string contains an unescaped ${excerpt(String.fromCodePoint(byte))}`, at);
      }
    }

    if (at >= end) throw this.#error('a string has no closing quote');
    const content = isEscaped ? this.#unescaped(start, at) : bytes.subarray(start, at);
    this.#at = at + 1;
    return content;
  }

  #escapeEnd(start: number): number {
    const end = Math.min(this.#end, start + (this.#bytes[start + 1] === SMALL_U ? 6 : 2));
    const escape = this.#bytes.toString('latin1', start, end);
    if (ESCAPE.test(escape)) return end;
    throw new JsonSyntaxError(`${excerpt(escape)} is not a valid escape`, start);
  }

  #unescaped(start: number, end: number): Buffer {
    const text = JSON.parse(`"${this.#bytes.toString('utf8', start, end)}"`) as string;
    if (LONE_SURROGATE.test(text)) throw this.#error('a string contains half of a surrogate pair');
    return Buffer.from(text);
  }

  #number(): Value {
    const bytes = this.#bytes;
    const start = this.#at;
    const firstDigit = bytes[start] === MINUS ? start + 1 : start;
    let at = firstDigit;
    let whole = 0;
    if (bytes[at] === ZERO) at++;
    else while (isDigit(bytes[at])) whole = whole * 10 + bytes[at++]! - ZERO;
    if (at === firstDigit) throw this.#expected('a value');
    let isFloat = false;
    if (bytes[at] === POINT && isDigit(bytes[at + 1])) {
      isFloat = true;
      at = this.#digitsEnd(at + 1);
    }

    if (bytes[at] === SMALL_E || bytes[at] === CAPITAL_E) {
      const isSigned = bytes[at + 1] === PLUS || bytes[at + 1] === MINUS;
      const exponent = isSigned ? at + 2 : at + 1;
      const end = this.#digitsEnd(exponent);
      if (end > exponent) [isFloat, at] = [true, end];
    }

    const length = at - firstDigit;
    if (!isFloat && length <= MAX_SAFE_DIGITS) {
      this.#at = at;
      return integer(BigInt(firstDigit > start ? -whole : whole));
    }

    const text = bytes.toString('latin1', start, at);
    if (!isFloat && length <= MAX_INT64_DIGITS && fitsInt64(BigInt(text))) {
      this.#at = at;
      return integer(BigInt(text));
    }

    const value = Number(text);
    // JSON cannot express Infinity.
    if (!Number.isFinite(value)) throw this.#error(`${excerpt(text)} is too large for a float`);
    this.#at = at;
    return float(value);
  }

  #digitsEnd(start: number): number {
    let at = start;
    while (isDigit(this.#bytes[at])) at++;
    return at;
  }

  #skipWord(word: Buffer): boolean {
    for (let index = 0; index < word.length; index++) if (this.#bytes[this.#at + index] !== word[index]) return false;
    this.#at += word.length;
    return true;
  }

  /** The first byte of the next token; undefined at the end. */
  #next(): number | undefined {
    const bytes = this.#bytes;
    const end = this.#end;
    for (let at = this.#at; at < end; at++) {
      const byte = bytes[at]!;
      if (byte > SPACE || !isSpace(byte)) {
        this.#at = at;
        return byte;
      }
    }

    this.#at = end;
    return undefined;
  }

  #expected(what: string): JsonSyntaxError {
    if (this.#at >= this.#end) return this.#error(`expected ${what}, but it ends`);
    const [found = ''] = this.#bytes.toString('utf8', this.#at, this.#at + MAX_CHARACTER);
    return this.#error(`expected ${what}, found ${excerpt(found)}`);
  }

  #error(message: string): JsonSyntaxError {
    return new JsonSyntaxError(message, this.#at);
  }
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === TAB || byte === LINE_FEED || byte === CARRIAGE_RETURN;
}

function isDigit(byte: number | undefined): boolean {
  return byte! >= ZERO && byte! <= NINE;
}

/** A JavaScript number represents all integers of this many digits exactly. */
const MAX_SAFE_DIGITS = 15;
const MAX_INT64_DIGITS = 19;
/** The longest UTF-8 character, in bytes. */
const MAX_CHARACTER = 4;

const ESCAPE = /^\\(?:["/\\bfnrt]|u[\dA-Fa-f]{4})$/;
const LONE_SURROGATE = /\p{Cs}/u;

const WORD_NULL = Buffer.from('null');
const WORD_TRUE = Buffer.from('true');
const WORD_FALSE = Buffer.from('false');

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const CAPITAL_E = 0x45;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const SMALL_E = 0x65;
const SMALL_U = 0x75;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
