import type { Readable } from 'node:stream';

import { valueLimit } from '../../../value-limit.js';
import { LargeReplyError } from '../../network/reply-limit.js';

/** Memory that an element of a list takes before its content, in bytes. */
const ELEMENT = 16;

/** Close a connection whose server announces or sends a reply above the limit, before ioredis collects it. */
export function guardReplies(stream: Readable): void {
  const frames = new Frames();
  // Before ioredis, whose parser would report what follows as garbage.
  stream.prependListener('data', (chunk: Buffer) => {
    if (stream.destroyed || frames.accepts(chunk)) return;
    // Its parser still gets the chunk, and would reserve memory for the announced lists: this is an unfinished line.
    chunk.fill(PLUS);
    stream.destroy(new LargeReplyError(frames.size));
  });
}

/** Follows the lengths in RESP (versions 2 and 3). Garbage is left to the parser of ioredis. */
class Frames {
  /** Of the reply so far, as announced. */
  size = 0;
  /** Elements of the reply that are still to come. */
  #missing = 1;
  /** Bytes of the current string or line end that are still to come. */
  #skip = 0;
  /** The type and length of a header that has not ended yet. */
  #type = 0;
  #length = 0;
  #isNegative = false;

  /** False if the reply exceeds the limit. */
  accepts(chunk: Buffer): boolean {
    for (let at = 0; at < chunk.length;) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, chunk.length - at);
        this.#skip -= skipped;
        at += skipped;
      } else at = this.#readHeader(chunk, at);
      if (this.size > valueLimit()) return false;
    }

    return true;
  }

  /** @returns where it ends in the chunk */
  #readHeader(chunk: Buffer, start: number): number {
    let at = start;
    if (this.#type === 0) {
      if (this.#missing === 0) [this.size, this.#missing] = [0, 1];
      [this.#type, this.#length, this.#isNegative] = [chunk[at++]!, 0, false];
    }

    if (!LENGTHS.has(this.#type)) {
      // A line: a status, an error, a number.
      const end = chunk.indexOf(LINE_FEED, at);
      this.size += (end === -1 ? chunk.length : end) - start;
      if (end === -1) return chunk.length;
      this.#end(0);
      return end + 1;
    }

    for (; at < chunk.length; at++) {
      const byte = chunk[at]!;
      if (byte === LINE_FEED) {
        this.#end(this.#isNegative ? 0 : this.#length);
        return at + 1;
      }

      if (byte === MINUS) this.#isNegative = true;
      else if (byte >= ZERO && byte <= NINE) this.#length = Math.min(this.#length * 10 + byte - ZERO, MAX);
    }

    return at;
  }

  #end(length: number): void {
    const perLength = ELEMENTS.get(this.#type);
    this.#missing--;
    if (perLength !== undefined) {
      this.#missing += length * perLength;
      this.size += length * perLength * ELEMENT;
    } else if (LENGTHS.has(this.#type) && !this.#isNegative) {
      this.size += length;
      this.#skip = length + LINE_END;
    }

    this.#type = 0;
  }
}

const LINE_FEED = 0x0a;
const LINE_END = 2;
const [PLUS, MINUS] = [0x2b, 0x2d];
const [ZERO, NINE] = [0x30, 0x39];
const MAX = Number.MAX_SAFE_INTEGER / 100;

/** Elements per length: `*` and `~` and `>` lists, `%` maps; `|` attributes, which precede the element they describe. */
const ELEMENTS: ReadonlyMap<number, number> = new Map(
  (
    [
      ['*', 1],
      ['~', 1],
      ['>', 1],
      ['%', 2],
      ['|', 2],
    ] as const
  ).map(([type, per]) => [type.codePointAt(0)!, per]),
);

/** `$` strings, `=` verbatim strings, `!` errors. */
const LENGTHS: ReadonlySet<number> = new Set([
  ...ELEMENTS.keys(),
  ...['$', '=', '!'].map((type) => type.codePointAt(0)!),
]);
