import { UndecodableError } from '../../errors.js';

/** Reads big-endian numbers and bytes, with bounds checks. */
export class Reader {
  readonly #bytes: Buffer;
  readonly #format: string;
  #offset = 0;

  /** @param format the expected format, for errors */
  constructor(bytes: Buffer, format: string) {
    this.#bytes = bytes;
    this.#format = format;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** Peek at the next byte. */
  get next(): number | undefined {
    return this.#bytes[this.#offset];
  }

  uint8(): number {
    return this.#bytes.readUInt8(this.#pass(1));
  }

  uint16(): number {
    return this.#bytes.readUInt16BE(this.#pass(2));
  }

  uint32(): number {
    return this.#bytes.readUInt32BE(this.#pass(4));
  }

  uint64(): bigint {
    return this.#bytes.readBigUInt64BE(this.#pass(8));
  }

  int8(): number {
    return this.#bytes.readInt8(this.#pass(1));
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#pass(2));
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#pass(4));
  }

  int64(): bigint {
    return this.#bytes.readBigInt64BE(this.#pass(8));
  }

  float32(): number {
    return this.#bytes.readFloatBE(this.#pass(4));
  }

  float64(): number {
    return this.#bytes.readDoubleBE(this.#pass(8));
  }

  take(length: number): Buffer {
    const start = this.#pass(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** Check a count of items that take at least `each` bytes. Refuses a count that cannot fit. */
  count(count: number, each: number): number {
    if (count * each <= this.remaining) return count;
    throw this.error(`a count of ${count} is too large for the remaining bytes`);
  }

  end(): void {
    if (this.remaining > 0) throw this.error('expected the end');
  }

  error(what: string, offset = this.#offset): UndecodableError {
    return new UndecodableError(
      `this is not ${this.#format}: ${what}, at byte ${offset} of ${this.#bytes.length}`,
      'Is the serializer of the profile the right one?',
      offset,
    );
  }

  #pass(length: number): number {
    if (length > this.remaining) throw this.error('it ends too early', this.#bytes.length);
    const start = this.#offset;
    this.#offset += length;
    return start;
  }
}
