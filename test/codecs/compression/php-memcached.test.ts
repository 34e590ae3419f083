import { expect } from 'chai';

import { compress, decompress } from '../../../src/codecs/compression/php-memcached.js';
import { UndecodableError } from '../../../src/errors.js';

const KINDS = ['fastlz', 'zlib'] as const;

/** That many bytes, which hardly compress. */
function patternless(length: number): Buffer {
  let state = 1;
  return Buffer.from(
    Array.from({ length }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return state >>> 24;
    }),
  );
}

describe('compressions of php-memcached', () => {
  for (const kind of KINDS) {
    it(`${kind}: begins with the original length`, () => {
      const text = Buffer.from('a'.repeat(2000));
      const packed = compress(text, kind)!;
      expect(packed.readUInt32LE(0)).to.equal(2000);
      expect(decompress(packed, kind).equals(text)).to.be.true;
    });

    it(`${kind}: does not compress less than 2000 bytes`, () => {
      expect(compress(Buffer.alloc(1999, 'a'), kind)).to.be.undefined;
      expect(compress(Buffer.alloc(0), kind)).to.be.undefined;
    });

    it(`${kind}: does not compress by less than a factor of 1.3`, () => {
      expect(compress(patternless(5000), kind)).to.be.undefined;
      expect(compress(Buffer.concat([patternless(5000), Buffer.alloc(1000)]), kind)).to.be.undefined;
      expect(compress(Buffer.concat([patternless(5000), Buffer.alloc(2500)]), kind)).not.to.be.undefined;
    });

    it(`${kind}: refuses truncated bytes`, () => {
      const packed = compress(Buffer.from('abcdefghijklm'.repeat(200)), kind)!;
      for (let length = 0; length < packed.length; length++) {
        expect(() => decompress(packed.subarray(0, length), kind)).to.throw(
          UndecodableError,
          'as php-memcached frames it',
        );
      }
    });

    it(`${kind}: refuses a wrong original length`, () => {
      const packed = compress(Buffer.from('a'.repeat(3000)), kind)!;
      for (const claim of [0, 2999, 3001, 10_000]) {
        packed.writeUInt32LE(claim);
        expect(() => decompress(packed, kind), `${claim}`).to.throw(UndecodableError);
      }
    });

    it(`${kind}: refuses an impossible original length before decompressing`, () => {
      const packed = compress(Buffer.from('a'.repeat(3000)), kind)!;
      packed.writeUInt32LE(2 ** 32 - 1);
      expect(() => decompress(packed, kind)).to.throw(
        UndecodableError,
        'cannot become the 4294967295 that are claimed',
      );
    });
  }

  it('fastlz: reads level 2, which php-memcached writes from 64 KiB on', () => {
    // A literal; the same 9 + 255 + 4 times again; another literal.
    const stream = Buffer.from('2061e0ff04000062', 'hex');
    const head = Buffer.alloc(4);
    head.writeUInt32LE(270);
    expect(decompress(Buffer.concat([head, stream]), 'fastlz').toString()).to.equal(`${'a'.repeat(269)}b`);
  });
});
