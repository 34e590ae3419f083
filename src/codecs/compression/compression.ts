import { UndecodableError } from '../../errors.js';

/** A compression of phpredis. Knows nothing of the content. */
export interface Compression {
  readonly name: string;

  compress(bytes: Buffer): Buffer;

  /**
   * Undefined if the bytes have no frame of this format. phpredis then returns them unchanged, and so may the caller.
   * @throws UndecodableError if the frame is valid, but the content would exceed the limit
   */
  decompress(bytes: Buffer): Buffer | undefined;
}

/** The limit for decompressed content, in bytes: the largest value of a Redis key. */
export const LARGEST = 512 * 1024 * 1024;

/** @param length the decompressed length; a length above any limit means that it is impossible */
export function tooLarge(format: string, length: number, largest = LARGEST): UndecodableError {
  return new UndecodableError(
    `this ${format} data becomes ${length} bytes, more than the ${largest} that are unpacked here`,
    'Is the compression of the profile the right one? With codec: raw and no compression the bytes are shown as they are.',
    0,
  );
}
