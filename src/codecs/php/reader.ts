import { UndecodableError } from '../../errors.js';
import { excerpt } from '../json/text.js';
import { fitsInt64 } from '../value.js';

/** A sign, 19 digits, and some room for leading zeros. */
const MAX_INTEGER = 32;

/** Reads the tokens of PHP's format, with bounds checks. */
export class Reader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get offset(): number {
    return this.#offset;
  }

  get isAtEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  /** The letter of the type. */
  tag(): string {
    if (this.isAtEnd) throw this.error('expected a value, but it ends');
    return String.fromCodePoint(this.#bytes[this.#offset++]!);
  }

  expect(text: string): void {
    for (const character of text) {
      if (this.#bytes[this.#offset] !== character.codePointAt(0)) throw this.error(`expected '${character}'`);
      this.#offset++;
    }
  }

  oneOf(characters: string): string {
    const character = this.isAtEnd ? '' : String.fromCodePoint(this.#bytes[this.#offset]!);
    if (character === '' || !characters.includes(character)) throw this.error(`expected one of ${characters}`);
    this.#offset++;
    return character;
  }

  /** `-12;`, a 64-bit integer. */
  integer(): bigint {
    const start = this.#offset;
    const text = this.until(';', MAX_INTEGER);
    if (!/^[+-]?\d+$/.test(text)) throw this.error(`expected an integer, found ${excerpt(text)}`, start);
    const value = BigInt(text.replace(/^\+/, ''));
    if (!fitsInt64(value)) throw this.error(`${text} does not fit into 64 bits`, start);
    return value;
  }

  /** Read a length or count of items that take at least `each` bytes. Refuses a count that cannot fit. */
  count(each: number): number {
    const start = this.#offset;
    while (this.#isDigit()) this.#offset++;
    const text = this.#bytes.toString('latin1', start, this.#offset);
    if (text === '') throw this.error('expected a number', start);
    const count = Number(text);
    if (count * each > this.#bytes.length - this.#offset) {
      throw this.error(`a count of ${text.slice(0, 20)} is too large for the remaining bytes`, start);
    }

    return count;
  }

  /** `:5:"hello"` */
  quoted(): Buffer {
    this.expect(':');
    const length = this.count(1);
    this.expect(':"');
    const bytes = this.take(length);
    this.expect('"');
    return bytes;
  }

  /** The same with a class name that PHP accepts. */
  className(): Buffer {
    const name = this.quoted();
    if (CLASS_NAME.test(name.toString('latin1'))) return name;
    throw this.error('expected a class name', this.#offset - name.length - 1);
  }

  /** The same with bytes escaped as `\41`. Planned for PHP 6, and `unserialize` still reads it. */
  escaped(): Buffer {
    this.expect(':');
    const length = this.count(1);
    this.expect(':"');
    const bytes = Buffer.alloc(length);
    for (let at = 0; at < length; at++) {
      const start = this.#offset;
      const byte = this.take(1)[0]!;
      if (byte !== BACKSLASH) {
        bytes[at] = byte;
        continue;
      }

      const hex = this.take(2).toString('latin1');
      if (!/^[\dA-Fa-f]{2}$/.test(hex)) throw this.error('expected two hex digits after a backslash', start);
      bytes[at] = Number.parseInt(hex, 16);
    }

    this.expect('"');
    return bytes;
  }

  take(length: number): Buffer {
    const end = this.#offset + length;
    if (end > this.#bytes.length) throw this.error('it ends too early', this.#bytes.length);
    const taken = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return taken;
  }

  /** Read the text before `end`, and `end`. */
  until(end: string, longest: number): string {
    const start = this.#offset;
    const stop = this.#bytes.subarray(start, start + longest + 1).indexOf(end);
    if (stop === -1) throw this.error(`missing '${end}'`, start);
    this.#offset = start + stop + 1;
    return this.#bytes.toString('latin1', start, start + stop);
  }

  error(what: string, offset = this.#offset): UndecodableError {
    return new UndecodableError(
      `this is not PHP's serialize() format: ${what}, at byte ${offset} of ${this.#bytes.length}`,
      'Is the codec of the profile the right one?',
      offset,
    );
  }

  #isDigit(): boolean {
    const byte = this.#bytes[this.#offset];
    return byte !== undefined && byte >= DIGIT_0 && byte <= DIGIT_9;
  }
}

/** PHP counts bytes from 0x80 on as letters. The backslash separates namespaces. */
const CLASS_NAME = /^[\w\\\u0080-\u00FF]+$/;
const BACKSLASH = 0x5c;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
