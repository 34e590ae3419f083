import { Zstd } from '@hpcc-js/wasm-zstd';

import { valueLimit } from '../../value-limit.js';
import { type Compression, tooLarge } from './compression.js';
import { contentSizeOf, partsOf, withContentSize } from './zstd-frame.js';

/**
 * A single Zstandard frame with its content size. phpredis reads no other.
 * @param level by default phpredis's default
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
      const limit = Math.min(valueLimit(), MAX_WINDOW);
      if (size > limit) throw tooLarge('Zstandard', size, limit);
      return decompressParts(bytes, size, zstd);
    },
  };
}

const LEVEL = 3;
/**
 * The library copies its output through an array, which takes forty times the memory. So large frames are
 * decompressed in parts.
 */
const AT_ONCE = 2 ** 20;
/** The largest block, in bytes. */
const BLOCK = 2 ** 17;
/** The largest window that the library's decoder accepts. */
const MAX_WINDOW = 2 ** 27;

function compressLong(bytes: Buffer, zstd: Zstd, level: number): Buffer {
  zstd.reset();
  zstd.setCompressionLevel(level);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += BLOCK) parts.push(zstd.compressChunk(bytes.subarray(at, at + BLOCK)));
  parts.push(zstd.compressEnd());
  return withContentSize(Buffer.concat(parts), bytes.length);
}

/** Undefined if it is damaged, or not of the claimed size. */
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

/** Decompress a part of a frame, at most one block. */
function decompressed(part: Buffer, zstd: Zstd): Uint8Array | undefined {
  try {
    return zstd.decompressChunk(part, BLOCK);
  } catch {
    // The library's error only says that the bytes are damaged.
    return undefined;
  }
}

function bufferOf({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}
