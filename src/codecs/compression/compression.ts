import { TooLargeError } from '../../errors.js';
import { limitText, raiseLimit, valueLimit } from '../../value-limit.js';

/** A compression of phpredis. Knows nothing of the content. */
export interface Compression {
  readonly name: string;

  compress(bytes: Buffer): Buffer;

  /**
   * Undefined if the bytes have no frame of this format. phpredis then returns them unchanged, and so may the caller.
   * @throws TooLargeError if the frame is valid, but the content would exceed the limit
   */
  decompress(bytes: Buffer): Buffer | undefined;
}

/** @param length the decompressed length, in bytes, if the frame states it */
export function tooLarge(format: string, length?: number, largest = valueLimit()): TooLargeError {
  const size = length === undefined ? 'decompresses to' : `becomes ${length} bytes,`;
  return new TooLargeError(
    `its ${format} data ${size} more than the limit of ${limitText(largest)}`,
    largest < valueLimit() ? 'The decoder allows no more.' : raiseLimit(length),
    0,
  );
}
