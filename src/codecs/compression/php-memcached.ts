import { deflateSync, inflateSync } from 'node:zlib';

import type { MemcachedCompression } from '../../profiles/profile.js';

import { UndecodableError } from '../../errors.js';
import { LARGEST, tooLarge } from './compression.js';
import { compressFastlz, decompressFastlz } from './fastlz.js';

export type PhpMemcachedCompression = Exclude<MemcachedCompression, 'none'>;

/**
 * As php-memcached compresses a value: the length of the original (32 bits, little-endian), then the stream. Undefined
 * where it stores the value as it is: under 2000 bytes, or when the stream is not shorter by a factor of more than 1.3
 * (`memcached.compression_threshold` and `memcached.compression_factor`, of which these are the defaults).
 */
export function compress(bytes: Buffer, kind: PhpMemcachedCompression): Buffer | undefined {
  if (bytes.length < THRESHOLD) return undefined;
  const stream = kind === 'fastlz' ? compressFastlz(bytes) : deflateSync(bytes);
  if (bytes.length <= stream.length * FACTOR) return undefined;
  const head = Buffer.allocUnsafe(HEAD);
  head.writeUInt32LE(bytes.length);
  return Buffer.concat([head, stream]);
}

/** @throws UndecodableError when it is none, or would become larger than anything is unpacked here */
export function decompress(bytes: Buffer, kind: PhpMemcachedCompression): Buffer {
  if (bytes.length <= HEAD) throw malformed(kind, 'it ends too early', bytes.length);
  const length = bytes.readUInt32LE(0);
  const stream = bytes.subarray(HEAD);
  if (length > MOST_PER_BYTE[kind] * stream.length) {
    throw malformed(kind, `${stream.length} bytes cannot become the ${length} that are claimed`, 0);
  }

  if (length > LARGEST) throw tooLarge(kind, length);
  const original = kind === 'fastlz' ? decompressFastlz(stream, length) : inflate(stream, length);
  if (original) return original;
  throw malformed(kind, `what follows does not become the ${length} bytes that are claimed`, HEAD);
}

const HEAD = 4;
const THRESHOLD = 2000;
const FACTOR = 1.3;
/** What one byte of a stream can become: in FastLZ 255 more that are repeated, in deflate two repetitions of 258 bytes in each bit but a few. */
const MOST_PER_BYTE = { fastlz: 264, zlib: 1032 } as const;

function inflate(stream: Buffer, length: number): Buffer | undefined {
  try {
    const original = inflateSync(stream, { maxOutputLength: Math.max(1, length) });
    return original.length === length ? original : undefined;
  } catch {
    // Not zlib's, cut off, spoiled or longer: whichever, it is not what it claims to be.
    return undefined;
  }
}

function malformed(kind: PhpMemcachedCompression, what: string, offset: number): UndecodableError {
  return new UndecodableError(
    `this is not ${kind} data as php-memcached frames it: ${what}, at byte ${offset}`,
    'Who wrote it? With codec: raw in the profile the bytes are shown as they are.',
    offset,
  );
}
