import { expect } from 'chai';

import { openRedisCompression } from '../../../src/codecs/compression/phpredis.js';
import { UndecodableError } from '../../../src/errors.js';

const NAMES = ['lz4', 'lzf', 'zstd'] as const;

describe('compressions of phpredis', () => {
  for (const name of NAMES) {
    it(`${name}: leaves an empty string empty`, async () => {
      const { compress, decompress } = await openRedisCompression(name);
      const packed = compress(Buffer.alloc(0));
      expect((decompress(packed) ?? packed).length).to.equal(0);
    });

    it(`${name}: returns undefined for bytes without a frame`, async () => {
      const { decompress } = await openRedisCompression(name);
      for (const text of ['', '42', 's:5:"hello";', 'a'.repeat(1000)]) {
        expect(decompress(Buffer.from(text))).to.be.undefined;
      }
    });

    it(`${name}: returns undefined for truncated bytes`, async () => {
      const { compress, decompress } = await openRedisCompression(name);
      const packed = compress(Buffer.from('abcdefghijklm'.repeat(40)));
      // An LZF stream has no length, so its beginning may be a valid stream.
      for (let length = 0; length < packed.length; length++) {
        expect(decompress(packed.subarray(0, length))?.length ?? 0).to.be.below(520);
        if (name !== 'lzf') expect(decompress(packed.subarray(0, length))).to.be.undefined;
      }
    });

    it(`${name}: keeps no state after a failure`, async () => {
      const { compress, decompress } = await openRedisCompression(name);
      const packed = compress(Buffer.from('abc'.repeat(100)));
      const spoiled = Buffer.from(packed).fill(0xff, packed.length - 4);
      decompress(spoiled);
      expect(decompress(packed)!.toString()).to.equal('abc'.repeat(100));
    });
  }

  it('lz4: returns undefined for a block shorter than it claims', async () => {
    const { compress, decompress } = await openRedisCompression('lz4');
    const [longer, shorter] = [compress(Buffer.from('a'.repeat(100))), compress(Buffer.from('a'.repeat(99)))];
    expect(decompress(Buffer.concat([longer.subarray(0, 5), shorter.subarray(5)]))).to.be.undefined;
  });

  it('lz4: returns undefined for an impossible length', async () => {
    const { decompress } = await openRedisCompression('lz4');
    // The CRC of a length of 2 GiB less 1.
    expect(decompress(Buffer.from('7affffff7f00', 'hex'))).to.be.undefined;
  });

  describe('zstd', () => {
    it('reads a frame with the right size', async () => {
      const { decompress } = await openRedisCompression('zstd');
      expect(decompress(frame(4 * 2 ** 17, 4))!.equals(Buffer.alloc(4 * 2 ** 17, 'a'))).to.be.true;
    });

    it('returns undefined for a frame with a wrong size', async () => {
      const { decompress } = await openRedisCompression('zstd');
      expect(decompress(frame(1000, 900))).to.be.undefined;
      expect(decompress(frame(4 * 2 ** 17, 3))).to.be.undefined;
    });

    it('returns undefined for a frame without a size, like phpredis', async () => {
      const { decompress } = await openRedisCompression('zstd');
      expect(decompress(Buffer.from('28b52ffd0058290000 68656c6c6f'.replace(' ', ''), 'hex'))).to.be.undefined;
    });

    it('returns undefined for trailing bytes', async () => {
      const { compress, decompress } = await openRedisCompression('zstd');
      expect(decompress(Buffer.concat([compress(Buffer.from('hello')), Buffer.from('!')]))).to.be.undefined;
    });

    it('refuses a size above the limit before decompressing', async () => {
      const { decompress } = await openRedisCompression('zstd');
      expect(() => decompress(frame(2 ** 27 + 1, 1))).to.throw(UndecodableError, 'becomes 134217729 bytes');
    });

    it('compresses a large text in parts, with its size', async () => {
      const { compress, decompress } = await openRedisCompression('zstd');
      const text = Buffer.from('hello, world '.repeat(200_000));
      const packed = compress(text);
      expect(packed.length).to.be.below(2000);
      expect(decompress(packed)!.equals(text)).to.be.true;
    });
  });
});

/** A frame of Zstandard, of blocks that repeat one byte 128 KiB times. */
function frame(size: number, blocks: number): Buffer {
  const head = Buffer.from('28b52ffd805800000000', 'hex');
  head.writeUInt32LE(size, 6);
  return Buffer.concat([head, ...Array.from({ length: blocks }, (_, index) => blockOf(index === blocks - 1))]);
}

function blockOf(isLast: boolean): Buffer {
  const bytes = Buffer.from([0, 0, 0, 0x61]);
  bytes.writeUIntLE(((2 ** 17) << 3) | 2 | (isLast ? 1 : 0), 0, 3);
  return bytes;
}
