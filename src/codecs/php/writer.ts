import { GrowingBytes } from '../growing-bytes.js';

/** Writes ASCII text and raw bytes. */
export class Writer extends GrowingBytes {
  /** `text` must be ASCII. */
  ascii(text: string): void {
    this.reserve(text.length);
    this.length += this.buffer.write(text, this.length, 'latin1');
  }
}
