import type { CachectlError } from '../../../errors.js';
import type { Parser } from './text-socket.js';

import { valueLimit } from '../../../value-limit.js';
import { LargeReplyError } from '../../network/reply-limit.js';
import { unsolicited } from '../errors.js';
import { GarbageError } from './garbage-error.js';

/** A line of an answer and its bytes (only `VA` and `VALUE` lines have some). */
export interface Answer {
  /** Latin-1, without the line end. */
  readonly line: string;
  readonly value?: Buffer;
}

/** In bytes. Longer than any line of Memcached: a dumped key has up to 750 bytes, the rest a few hundred. */
export const MAX_LINE = 8192;

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** The line end after a value, in bytes. */
const ENDING = 2;

/** Parses answers of Memcached's text protocol from chunks. */
export class AnswerParser implements Parser<Answer> {
  /** The beginning of an unfinished line. */
  #line: Buffer = Buffer.alloc(0);
  #value: PartialValue | undefined;

  /**
   * The answers that end in this chunk; keeps none of them.
   * @throws GarbageError, LargeReplyError
   */
  *push(chunk: Buffer): Generator<Answer> {
    for (let at = 0; at < chunk.length;) {
      if (this.#value) {
        at += this.#value.take(chunk.subarray(at));
        if (!this.#value.isWhole) return;
        yield { line: this.#value.line, value: this.#value.bytes() };
        this.#value = undefined;
        continue;
      }

      const end = chunk.indexOf(NEWLINE, at);
      if (this.#line.length + (end === -1 ? chunk.length : end) - at > MAX_LINE) {
        throw new GarbageError(`a line of more than ${MAX_LINE} bytes`);
      }

      if (end === -1) {
        this.#line = Buffer.concat([this.#line, chunk.subarray(at)]);
        return;
      }

      const line = this.#ended(chunk, at, end);
      at = end + 1;
      const size = sizeOf(line);
      if (size === undefined) yield { line };
      else if (at + size + ENDING <= chunk.length) {
        yield { line, value: Buffer.from(ended(chunk.subarray(at, at + size + ENDING))) };
        at += size + ENDING;
      } else this.#value = new PartialValue(line, size);
    }
  }

  unsolicited({ line }: Answer, location: string): CachectlError {
    return unsolicited(location, line);
  }

  /** A chunk has many lines, so none is copied before it is parsed. */
  #ended(chunk: Buffer, start: number, end: number): string {
    if (this.#line.length === 0) return textOf(chunk, start, end);
    const whole = Buffer.concat([this.#line, chunk.subarray(start, end)]);
    this.#line = Buffer.alloc(0);
    return textOf(whole, 0, whole.length);
  }
}

/** Dumps and watches end lines without a carriage return; answers have one. */
function textOf(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('latin1', start, end > start && bytes[end - 1] === RETURN ? end - 1 : end);
}

/** The length of the value after a line: `VA 5 f0`, `VALUE key 0 5 17`. */
function sizeOf(line: string): number | undefined {
  if (!line.startsWith('VA')) return undefined;
  const [, meta, classic] = /^(?:VA (\d{1,10})(?: |$)|VALUE [^ ]+ \d{1,10} (\d{1,10})(?: |$))/.exec(line) ?? [];
  const digits = meta ?? classic;
  const size = Number(digits);
  if (digits === undefined) throw new GarbageError('a value with an invalid length');
  if (size > valueLimit()) throw new LargeReplyError(size);
  return size;
}

/** A value that has partly arrived. */
class PartialValue {
  readonly line: string;
  readonly #chunks: Buffer[] = [];
  #missing: number;

  constructor(line: string, size: number) {
    this.line = line;
    this.#missing = size + ENDING;
  }

  get isWhole(): boolean {
    return this.#missing === 0;
  }

  /** @returns the number of bytes that belong to the value */
  take(chunk: Buffer): number {
    const own = chunk.subarray(0, this.#missing);
    this.#chunks.push(Buffer.from(own));
    this.#missing -= own.length;
    return own.length;
  }

  bytes(): Buffer {
    return ended(Buffer.concat(this.#chunks));
  }
}

/** Check and remove the line end. */
function ended(value: Buffer): Buffer {
  const size = value.length - ENDING;
  if (value[size] === RETURN && value[size + 1] === NEWLINE) return value.subarray(0, size);
  throw new GarbageError('a value with the wrong length');
}
