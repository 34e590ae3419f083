import { GarbageError } from '../protocol/garbage-error.js';
import { MAX_LINE } from '../protocol/text-parser.js';

const NEWLINE = 0x0a;

/** Splits chunks into lines without parsing them. */
export class LineCutter {
  /** The beginning of an unfinished line. */
  #rest: Buffer = Buffer.alloc(0);

  /**
   * Calls `take` for each line that ends in this chunk, newline included. `bytes` is valid until `take` returns.
   * @throws GarbageError
   */
  push(chunk: Buffer, take: (bytes: Buffer, start: number, end: number) => void): void {
    for (let start = 0; start < chunk.length;) {
      const end = chunk.indexOf(NEWLINE, start) + 1;
      if (this.#rest.length + (end === 0 ? chunk.length : end) - start > MAX_LINE) {
        throw new GarbageError(`a line of more than ${MAX_LINE} bytes`);
      }

      if (end === 0) {
        this.#rest = Buffer.concat([this.#rest, chunk.subarray(start)]);
        return;
      }

      if (this.#rest.length === 0) take(chunk, start, end);
      else {
        const whole = Buffer.concat([this.#rest, chunk.subarray(start, end)]);
        this.#rest = Buffer.alloc(0);
        take(whole, 0, whole.length);
      }

      start = end;
    }
  }
}
