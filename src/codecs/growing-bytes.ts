/** Bytes that grow at the end, in time linear to their number; a format's writer adds what it writes. */
export class GrowingBytes {
  protected buffer = Buffer.allocUnsafe(FIRST_CAPACITY);
  protected length = 0;

  bytes(bytes: Buffer): void {
    this.reserve(bytes.length);
    this.length += bytes.copy(this.buffer, this.length);
  }

  /** What was written; the writer is not to be used after it. */
  done(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  /** Makes room for so many bytes at `length` of `buffer`. */
  protected reserve(more: number): void {
    if (this.length + more <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.buffer.length, this.length + more));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}

const FIRST_CAPACITY = 256;
