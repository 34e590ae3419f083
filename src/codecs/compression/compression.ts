import { UndecodableError } from '../../errors.js';

/** How phpredis shrinks what it stores. Knows nothing of what the bytes mean. */
export interface Compression {
  readonly name: string;

  compress(bytes: Buffer): Buffer;

  /**
   * Undefined: these bytes are not framed so. phpredis then hands them on as they are, and so may the caller.
   * @throws UndecodableError when they are framed so, and would become larger than anything is unpacked here
   */
  decompress(bytes: Buffer): Buffer | undefined;
}

/** What is unpacked here at most, in bytes: the most that Redis holds under one key. */
export const LARGEST = 512 * 1024 * 1024;

/** @param length what it would become, or more than that is possible */
export function tooLarge(format: string, length: number, largest = LARGEST): UndecodableError {
  return new UndecodableError(
    `this ${format} data becomes ${length} bytes, more than the ${largest} that are unpacked here`,
    'Is the compression of the profile the right one? With codec: raw and no compression the bytes are shown as they are.',
    0,
  );
}
