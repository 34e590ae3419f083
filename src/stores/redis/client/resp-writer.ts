import type { Ttl } from '../../contract/store.js';
import type { Command } from './command.js';

import { isUtf8Key, keyByteLength, keyToBytes } from '../../entries/key-text.js';

/** Encodes commands in RESP, such as `*3 $3 SET $1 k $5 value`. */
export class RespWriter {
  #buffer = Buffer.allocUnsafe(CAPACITY);
  #length = 0;
  #commands = 0;

  /** Write SET, with EX if there is a TTL. */
  set(key: string, stored: Buffer, ttl: Ttl): void {
    this.#commands++;
    this.#reserve(key.length * UTF8_MOST + stored.length + OVERHEAD);
    this.#bytes(ttl === null ? SET_OF_THREE : SET_OF_FIVE);
    this.#text(key);
    this.#head(DOLLAR, stored.length);
    this.#bytes(stored);
    this.#lineEnd();
    if (ttl === null) return;
    this.#bytes(EX);
    this.#text(String(ttl));
  }

  command(parts: Command): void {
    this.#commands++;
    this.#reserve(OVERHEAD);
    this.#head(STAR, parts.length);
    for (const part of parts) {
      if (Buffer.isBuffer(part)) {
        this.#reserve(part.length + OVERHEAD);
        this.#head(DOLLAR, part.length);
        this.#bytes(part);
        this.#lineEnd();
      } else {
        const text = String(part);
        this.#reserve(text.length * UTF8_MOST + OVERHEAD);
        this.#text(text);
      }
    }
  }

  /** The bytes written so far; valid until `clear`. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  get commands(): number {
    return this.#commands;
  }

  clear(): void {
    this.#length = 0;
    this.#commands = 0;
    // A batch of large values must not keep a large buffer.
    if (this.#buffer.length > 4 * CAPACITY) this.#buffer = Buffer.allocUnsafe(CAPACITY);
  }

  /** Write a bulk string. Most text is short ASCII, for which this loop is faster than Buffer#write. */
  #text(text: string): void {
    const start = this.#length;
    this.#head(DOLLAR, text.length);
    const buffer = this.#buffer;
    let at = this.#length;
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index); // eslint-disable-line unicorn/prefer-code-point -- code units are compared
      if (unit > LAST_ASCII) {
        this.#length = start;
        this.#encoded(text);
        return;
      }

      buffer[at++] = unit;
    }

    this.#length = at;
    this.#lineEnd();
  }

  #encoded(text: string): void {
    this.#head(DOLLAR, keyByteLength(text));
    if (isUtf8Key(text)) this.#length += this.#buffer.write(text, this.#length);
    else this.#bytes(keyToBytes(text));
    this.#lineEnd();
  }

  #bytes(bytes: Buffer): void {
    if (bytes.length > SHORT) {
      this.#buffer.set(bytes, this.#length);
    } else {
      const buffer = this.#buffer;
      const start = this.#length;
      for (let index = 0; index < bytes.length; index++) buffer[start + index] = bytes[index]!;
    }

    this.#length += bytes.length;
  }

  /** Write a length header, such as `$12`. */
  #head(mark: number, count: number): void {
    this.#buffer[this.#length++] = mark;
    let power = 1;
    while (power * 10 <= count) power *= 10;
    for (let rest = count; power >= 1; power = Math.trunc(power / 10)) {
      const digit = Math.trunc(rest / power);
      this.#buffer[this.#length++] = ZERO + digit;
      rest -= digit * power;
    }

    this.#lineEnd();
  }

  #lineEnd(): void {
    this.#buffer[this.#length++] = CARRIAGE_RETURN;
    this.#buffer[this.#length++] = LINE_FEED;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, this.#length + more));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}

const CAPACITY = 256 * 1024;

/** More than length headers, line ends and a TTL need. */
const OVERHEAD = 128;

/** UTF-8 bytes per UTF-16 unit, at most. */
const UTF8_MOST = 3;

/** Up to this many bytes a loop is faster than a call. */
const SHORT = 48;

const SET_OF_THREE = Buffer.from('*3\r\n$3\r\nSET\r\n');
const SET_OF_FIVE = Buffer.from('*5\r\n$3\r\nSET\r\n');
const EX = Buffer.from('$2\r\nEX\r\n');

const STAR = 0x2a;
const DOLLAR = 0x24;
const ZERO = 0x30;
const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;
const LAST_ASCII = 0x7f;
