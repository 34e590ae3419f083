import { constants } from 'node:buffer';

import { valueLimit } from '../../../value-limit.js';
import { LargeReplyError } from '../../network/reply-limit.js';

/** A keyspace notification, as bytes (`latin1`). */
export interface PushedMessage {
  readonly channel: string;
  readonly payload: string;
}

/** An error reply, without its `-`, as bytes (`latin1`). */
export interface PushedError {
  readonly words: string;
}

/** A string is a simple reply without its `+`, as bytes (`latin1`): `OK`, or a line of MONITOR. */
export type Pushed = PushedError | PushedMessage | string;

/** Bytes that are not RESP. Translated by its message, like those of ioredis. */
export class ProtocolError extends Error {
  constructor() {
    super('Protocol error');
  }
}

/**
 * Parses the input of a connection that only listens, in RESP3 or RESP2: `+1700000000.123456 [0 127.0.0.1:1] "get" "k"`
 * and `>3 $7 message $22 __keyevent@0__:keymiss $1 k`, each part on its own line. Other replies are skipped.
 */
export class PushParser {
  /** The beginning of an unfinished message. */
  #chunks: Buffer[] = [];
  #length = 0;
  /** What it needs at least to end: this length, or a line feed. */
  #needed: number | typeof NEXT_LINE = NEXT_LINE;

  /** Whether the last chunk ended within a message. */
  get isMidway(): boolean {
    return this.#length > 0;
  }

  /** @throws LargeReplyError; ProtocolError for bytes that no Redis sends */
  parse(chunk: Buffer): Pushed[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    // A line of MONITOR repeats the value, with up to four characters for a byte.
    if (this.#length - chunk.length > Math.min(4 * valueLimit(), LONGEST)) throw new LargeReplyError();
    if (this.#needed === NEXT_LINE ? !chunk.includes(LINE_FEED) : this.#length < this.#needed) return [];
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#length);
    const parsed: Pushed[] = [];
    this.#needed = NEXT_LINE;
    let at = 0;
    while (at < bytes.length) {
      const end = bytes[at] === PUSH ? parseMessage(bytes, at, parsed) : parseLine(bytes, at, parsed);
      if (end === NEXT_LINE) break;
      if (end > bytes.length) {
        this.#needed = end - at;
        break;
      }

      at = end;
    }

    this.#chunks = at === bytes.length ? [] : [Buffer.from(bytes.subarray(at))];
    this.#length = bytes.length - at;
    return parsed;
  }
}

const PLUS = 0x2b;
const MINUS = 0x2d;
const PUSH = 0x3e;
const DOLLAR = 0x24;
const LINE_FEED = 0x0a;

/** In bytes: what fits into a string. */
const LONGEST = constants.MAX_STRING_LENGTH - 2 ** 24;

/** Parts of a message: kind, channel, payload. A pattern would be a fourth. */
const MOST_PARTS = 8;

const NEXT_LINE = -1;

/** @returns the end of the line, or NEXT_LINE */
function parseLine(bytes: Buffer, start: number, parsed: Pushed[]): number {
  const end = bytes.indexOf(LINE_FEED, start);
  if (end === -1) return NEXT_LINE;
  if (bytes[start] === PLUS) parsed.push(bytes.toString('latin1', start + 1, end - 1));
  else if (bytes[start] === MINUS) parsed.push({ words: bytes.toString('latin1', start + 1, end - 1) });
  return end + 1;
}

/** @returns the end of the message, which may not have arrived yet, or NEXT_LINE */
function parseMessage(bytes: Buffer, start: number, parsed: Pushed[]): number {
  const headEnd = bytes.indexOf(LINE_FEED, start);
  if (headEnd === -1) return NEXT_LINE;
  const count = lengthAt(bytes, start + 1, headEnd - 1);
  if (count > MOST_PARTS) throw new ProtocolError();
  const parts: string[] = [];
  let at = headEnd + 1;
  for (let part = 0; part < count; part++) {
    const lineEnd = bytes.indexOf(LINE_FEED, at);
    if (lineEnd === -1) return NEXT_LINE;
    if (bytes[at] !== DOLLAR) {
      at = lineEnd + 1;
      continue;
    }

    const end = lineEnd + 1 + lengthAt(bytes, at + 1, lineEnd - 1);
    if (end + 2 > bytes.length) return end + 2;
    parts.push(bytes.toString('latin1', lineEnd + 1, end));
    at = end + 2;
  }

  const [kind, channel, payload] = parts;
  if (payload !== undefined && kind === 'message') parsed.push({ channel: channel!, payload });
  return at;
}

/** @throws LargeReplyError, ProtocolError */
function lengthAt(bytes: Buffer, start: number, end: number): number {
  let length = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) throw new ProtocolError();
    length = length * 10 + digit;
    if (length > valueLimit()) throw new LargeReplyError(length);
  }

  return length;
}

const ZERO = 0x30;
