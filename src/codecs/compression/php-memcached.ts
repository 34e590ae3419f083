import { deflateSync, inflateSync } from 'node:zlib';

import type { Compression } from './compression.js';

import { UndecodableError } from '../../errors.js';
import { valueLimit } from '../../value-limit.js';
import { tooLarge } from './compression.js';
import { compressFastlz, decompressFastlz } from './fastlz.js';

/** A name, or zstd as opened by `openZstd`. */
export type PhpMemcachedCompression = 'fastlz' | 'zlib' | Compression;

/**
 * Compress like php-memcached: the original length (32 bits, little-endian), then the stream. Undefined if
 * php-memcached stores the value uncompressed: under 2000 bytes, or shorter by a factor of at most 1.3. These are the
 * defaults of `memcached.compression_threshold` and `memcached.compression_factor`.
 */
export function compress(bytes: Buffer, kind: PhpMemcachedCompression): Buffer | undefined {
  if (bytes.length < THRESHOLD) return undefined;
  const stream = shrunk(bytes, kind);
  if (bytes.length <= stream.length * FACTOR) return undefined;
  const head = Buffer.allocUnsafe(HEAD);
  head.writeUInt32LE(bytes.length);
  return Buffer.concat([head, stream]);
}

/** @throws UndecodableError if the stream is invalid, or the content would exceed the limit */
export function decompress(bytes: Buffer, kind: PhpMemcachedCompression): Buffer {
  if (bytes.length <= HEAD) throw malformed(nameOf(kind), 'it ends too early', bytes.length);
  const length = bytes.readUInt32LE(0);
  const stream = bytes.subarray(HEAD);
  const name = nameOf(kind);
  if (length > MAX_EXPANSION[name] * stream.length) {
    throw malformed(name, `${stream.length} bytes cannot become the ${length} that are claimed`, 0);
  }

  if (length > valueLimit()) throw tooLarge(name, length);
  const original = expanded(stream, length, kind);
  if (original?.length === length) return original;
  throw malformed(name, `what follows does not become the ${length} bytes that are claimed`, HEAD);
}

const HEAD = 4;
const THRESHOLD = 2000;
const FACTOR = 1.3;
/**
 * The most bytes that one compressed byte can expand to. FastLZ: a match of 264. Deflate: nearly two matches of 258 in
 * each bit. Zstandard: a block.
 */
const MAX_EXPANSION = { fastlz: 264, zlib: 1032, zstd: 2 ** 17 } as const;

type Name = keyof typeof MAX_EXPANSION;

function nameOf(kind: PhpMemcachedCompression): Name {
  return typeof kind === 'string' ? kind : 'zstd';
}

function shrunk(bytes: Buffer, kind: PhpMemcachedCompression): Buffer {
  if (kind === 'fastlz') return compressFastlz(bytes);
  return kind === 'zlib' ? deflateSync(bytes) : kind.compress(bytes);
}

function expanded(stream: Buffer, length: number, kind: PhpMemcachedCompression): Buffer | undefined {
  if (kind === 'fastlz') return decompressFastlz(stream, length);
  return kind === 'zlib' ? inflate(stream, length) : kind.decompress(stream);
}

function inflate(stream: Buffer, length: number): Buffer | undefined {
  try {
    const original = inflateSync(stream, { maxOutputLength: Math.max(1, length) });
    return original.length === length ? original : undefined;
  } catch {
    // Not a zlib stream, or a damaged one.
    return undefined;
  }
}

function malformed(kind: Name, what: string, offset: number): UndecodableError {
  return new UndecodableError(
    `this is not ${kind} data as php-memcached frames it: ${what}, at byte ${offset}`,
    'Who wrote it? With codec: raw in the profile the bytes are shown as they are.',
    offset,
  );
}
