/**
 * The decompressed output. It grows with the bytes written, never with a claimed length. Each method returns false if
 * it failed.
 */
export class Output {
  readonly #limit: number;
  #buffer: Buffer;
  #length = 0;

  /** @param capacity the initial capacity; it grows up to `limit` */
  constructor(capacity: number, limit = capacity) {
    this.#limit = limit;
    this.#buffer = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** Append bytes of the input. */
  literals(bytes: Buffer, start: number, length: number): boolean {
    if (start + length > bytes.length || !this.#reserve(length)) return false;
    bytes.copy(this.#buffer, this.#length, start, start + length);
    this.#length += length;
    return true;
  }

  /** Append bytes from `distance` bytes back. The source may overlap the new bytes. */
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

  /** Return the output. Do not use it afterwards. */
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
