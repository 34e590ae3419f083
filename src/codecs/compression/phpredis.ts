import type { Compression } from './compression.js';

/** Compressions of phpredis. */
export type RedisCompression = 'lz4' | 'lzf' | 'zstd';

/**
 * phpredis's `compression`, loaded when it is asked for.
 * @param level phpredis's `compression_level`: Zstandard's; LZF has none, and LZ4's are read but not written
 */
export async function openRedisCompression(name: RedisCompression, level?: number): Promise<Compression> {
  switch (name) {
    case 'lz4': {
      const { lz4 } = await import('./lz4.js');
      return lz4;
    }

    case 'lzf': {
      const { lzf } = await import('./lzf.js');
      return lzf;
    }

    case 'zstd': {
      const { openZstd } = await import('./zstd.js');
      return openZstd(level);
    }
  }
}
