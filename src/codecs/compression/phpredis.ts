import type { Compression } from './compression.js';

/** Compressions of phpredis. */
export type RedisCompression = 'lz4' | 'lzf' | 'zstd';

/**
 * Load phpredis's `compression`.
 * @param level phpredis's `compression_level`, for Zstandard. LZF has no levels. LZ4 with a level is read but not
 * written.
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
