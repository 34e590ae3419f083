import { Zstd } from '@hpcc-js/wasm-zstd';

import { type Compression, tooLarge } from './compression.js';
import { contentSizeOf, partsOf, withContentSize } from './zstd-frame.js';

/**
 * One frame of Zstandard that tells how large its content is: phpredis reads no other.
 * @param level as phpredis's when it is not set
 */
export async function openZstd(level = LEVEL): Promise<Compression> {
  const zstd = await Zstd.load();
  return {
    name: 'zstd',
    compress: (bytes) =>
      bytes.length <= AT_ONCE ? bufferOf(zstd.compress(bytes, level)) : compressLong(bytes, zstd, level),
    decompress(bytes) {
      const size = contentSizeOf(bytes);
      if (size === undefined) return;
      if (size > LARGEST) throw tooLarge('Zstandard', size, LARGEST);
      return decompressParts(bytes, size, zstd);
    },
  };
}

const LEVEL = 3;
/** The library copies what it made by way of an array, which takes forty times the memory. */
const AT_ONCE = 2 ** 20;
/** What a block holds at most. */
const BLOCK = 2 ** 17;
/** The largest window that the library's decoder takes. */
const LARGEST = 2 ** 27;

function compressLong(bytes: Buffer, zstd: Zstd, level: number): Buffer {
  zstd.reset();
  zstd.setCompressionLevel(level);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += BLOCK) parts.push(zstd.compressChunk(bytes.subarray(at, at + BLOCK)));
  parts.push(zstd.compressEnd());
  return withContentSize(Buffer.concat(parts), bytes.length);
}

/** Undefined: spoiled, or not as large as it claims to be. */
function decompressParts(bytes: Buffer, size: number, zstd: Zstd): Buffer | undefined {
  zstd.reset();
  const contents: Uint8Array[] = [];
  let length = 0;
  for (const part of partsOf(bytes)) {
    if (!part) return undefined;
    const content = decompressed(part, zstd);
    length += content?.length ?? Infinity;
    if (!content || length > size) return undefined;
    contents.push(content);
  }

  return length === size ? Buffer.concat(contents, size) : undefined;
}

/** A part of a frame, which becomes no more than a block. */
function decompressed(part: Buffer, zstd: Zstd): Uint8Array | undefined {
  try {
    return zstd.decompressChunk(part, BLOCK);
  } catch {
    // It has nothing to say but that the bytes are spoiled.
    return undefined;
  }
}

function bufferOf({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}
