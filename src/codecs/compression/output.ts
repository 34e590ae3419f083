/**
 * What a stream of literals and repetitions unpacks to. Grows with what is written to it, never with what is claimed; every
 * method answers whether it could be done.
 */
export class Output {
  readonly #limit: number;
  #buffer: Buffer;
  #length = 0;

  /** @param capacity to begin with; beyond it there is room up to `limit` */
  constructor(capacity: number, limit = capacity) {
    this.#limit = limit;
    this.#buffer = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** Some of the bytes, as they are. */
  literals(bytes: Buffer, start: number, length: number): boolean {
    if (start + length > bytes.length || !this.#reserve(length)) return false;
    bytes.copy(this.#buffer, this.#length, start, start + length);
    this.#length += length;
    return true;
  }

  /** What was written `distance` bytes ago; what is only now being written, too. */
  repeat(distance: number, length: number): boolean {
    if (distance < 1 || distance > this.#length || !this.#reserve(length)) return false;
    const buffer = this.#buffer;
    const start = this.#length;
    const from = start - distance;
    if (distance >= length) buffer.copyWithin(start, from, from + length);
    else if (distance === 1) buffer.fill(buffer[from]!, start, start + length);
    else for (let at = 0; at < length; at++) buffer[start + at] = buffer[from + at]!;
    this.#length += length;
    return true;
  }

  /** What was written; the output is not to be used after it. */
  done(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #reserve(more: number): boolean {
    const needed = this.#length + more;
    if (needed > this.#limit) return false;
    if (needed <= this.#buffer.length) return true;
    const larger = Buffer.allocUnsafe(Math.min(this.#limit, Math.max(needed, 2 * this.#buffer.length)));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
    return true;
  }
}
