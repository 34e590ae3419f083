import { floatToJson, isPlain, quoted, quotedPlain } from '../json/text.js';
import { serializedFloat } from './numeric.js';

/**
 * Read a serialized value as JSON without decoding it, which takes several times as long. Undefined for text that has
 * to be decoded: objects, references, what JSON cannot represent exactly, and what `unserialize` may refuse.
 * @param text the stored bytes as UTF-8
 */
export function phpToJson(text: string): string | undefined {
  const plain = plainString(text);
  if (plain !== undefined) return plain;
  const reader = new TextReader(text);
  const json = reader.value(0);
  return reader.isAtEnd ? json : undefined;
}

/** The JSON of `s:5:"hello";` with plain text, as most values are. Undefined for any other. */
function plainString(text: string): string | undefined {
  const start = text.indexOf('"') + 1;
  const length = text.length - start - END.length;
  if (length < 0 || !text.endsWith(END) || !text.startsWith(`s:${length}:"`)) return undefined;
  // The quotes are those of JSON, too.
  return isPlain(text.slice(start, -END.length)) ? text.slice(start - 1, -1) : undefined;
}

const END = '";';

/** Hardly anything is deeper. */
const MAX_DEPTH = 100;

/** Reads nothing more once a method has returned undefined. */
class TextReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  value(depth: number): string | undefined {
    switch (this.#text[this.#at++]) {
      case 'N': {
        return this.#skip(';') ? 'null' : undefined;
      }

      case 'a': {
        return depth < MAX_DEPTH ? this.#array(depth + 1) : undefined;
      }

      case 'b': {
        return this.#skip(':1;') ? 'true' : this.#skip(':0;') ? 'false' : undefined;
      }

      case 'd': {
        return this.#float();
      }

      case 'i': {
        return this.#integer();
      }

      case 's': {
        return this.#string();
      }

      default: {
        return undefined;
      }
    }
  }

  #array(depth: number): string | undefined {
    const count = this.#count();
    if (count === undefined || !this.#skip('{')) return undefined;
    const names = new Set<string>();
    let [items, members, isList] = ['', '', true];
    for (let index = 0; index < count; index++) {
      const name = this.#name();
      const item = name === undefined || names.has(name) ? undefined : this.value(depth);
      if (item === undefined) return undefined;
      names.add(name!);
      isList &&= name === `"${index}"`;
      const comma = index === 0 ? '' : ',';
      items += comma + item;
      members += `${comma}${name}:${item}`;
    }

    if (!this.#skip('}')) return undefined;
    return isList ? `[${items}]` : `{${members}}`;
  }

  #name(): string | undefined {
    if (this.#skip('i')) {
      const digits = this.#integer();
      return digits && `"${digits}"`;
    }

    const name = this.#skip('s') ? this.#string() : undefined;
    // Read from JSON, such a name would be an integer.
    return name === undefined || INTEGER_NAME.test(name) ? undefined : name;
  }

  #integer(): string | undefined {
    const digits = this.#scalar();
    return INTEGER.test(digits) ? digits : undefined;
  }

  #float(): string | undefined {
    const text = this.#scalar();
    const value = Number(text);
    return Number.isFinite(value) && serializedFloat(value) === text ? floatToJson(value) : undefined;
  }

  /** `:0.5;` */
  #scalar(): string {
    const end = this.#text.indexOf(';', this.#at);
    if (end === -1 || !this.#skip(':')) return '';
    const text = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    return text;
  }

  /** `:5:"hello";` */
  #string(): string | undefined {
    const bytes = this.#count();
    if (bytes === undefined || !this.#skip('"')) return undefined;
    const start = this.#at;
    // Plain text has a byte for each character.
    let json = quotedPlain(this.#text.slice(start, start + bytes));
    const end = json === undefined ? endOf(this.#text, start, bytes) : start + bytes;
    if (end === undefined) return undefined;
    json ??= quoted(this.#text.slice(start, end));
    this.#at = end;
    return this.#skip('";') ? json : undefined;
  }

  /** `:5:` */
  #count(): number | undefined {
    if (!this.#skip(':')) return undefined;
    const start = this.#at;
    let count = 0;
    for (; this.#at < start + MAX_DIGITS; this.#at++) {
      const digit = (this.#text.codePointAt(this.#at) ?? 0) - DIGIT_0;
      if (!(digit >= 0 && digit <= 9)) break;
      count = count * 10 + digit;
    }

    return this.#at > start && this.#skip(':') ? count : undefined;
  }

  #skip(expected: string): boolean {
    if (!this.#text.startsWith(expected, this.#at)) return false;
    this.#at += expected.length;
    return true;
  }
}

/** Where a part of `text` with that many bytes of UTF-8 ends. Undefined if the text or a character does not end there. */
function endOf(text: string, start: number, bytes: number): number | undefined {
  let [at, left] = [start, bytes];
  while (left > 0 && at < text.length) {
    const point = text.codePointAt(at)!;
    left -= point < 0x80 ? 1 : point < 0x8_00 ? 2 : point < 0x1_00_00 ? 3 : 4;
    at += point < 0x1_00_00 ? 1 : 2;
  }

  return left === 0 ? at : undefined;
}

/** Canonical integers of fewer digits than a 64-bit integer can have. */
const INTEGER = /^(?:0|-?[1-9]\d{0,17})$/;
const INTEGER_NAME = /^"(?:0|-?[1-9]\d*)"$/;

const DIGIT_0 = 0x30;

/** Of a length: more than any value has. */
const MAX_DIGITS = 10;
