import { GrowingBytes } from '../growing-bytes.js';

/** Writes what `serialize` of PHP writes: text in ASCII, and bytes as they are. */
export class Writer extends GrowingBytes {
  /** `text` is ASCII. */
  ascii(text: string): void {
    this.reserve(text.length);
    this.length += this.buffer.write(text, this.length, 'latin1');
  }
}
