/** A byte buffer with amortised linear growth, the base of all writers. */
export class GrowingBytes {
  protected buffer = Buffer.allocUnsafe(FIRST_CAPACITY);
  protected length = 0;

  bytes(bytes: Buffer): void {
    this.reserve(bytes.length);
    this.length += bytes.copy(this.buffer, this.length);
  }

  /** `text` must be ASCII. */
  ascii(text: string): void {
    this.reserve(text.length);
    this.length += this.buffer.write(text, this.length, 'latin1');
  }

  /** Return the bytes. Do not use the writer afterwards. */
  done(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  /** Ensure that `buffer` has `more` bytes of room after `length`. */
  protected reserve(more: number): void {
    if (this.length + more <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.buffer.length, this.length + more));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}

const FIRST_CAPACITY = 256;
