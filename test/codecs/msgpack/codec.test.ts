import { expect } from 'chai';

import { msgpackCodec } from '../../../src/codecs/msgpack/codec.js';
import { serialize } from '../../../src/codecs/php/serialize.js';
import { unserialize } from '../../../src/codecs/php/unserialize.js';
import { integer, list, type Value } from '../../../src/codecs/value.js';
import { InputError, UndecodableError } from '../../../src/errors.js';

/** The decoded value, as serialize() writes it. */
function read(hex: string): string {
  return serialize(msgpackCodec.decode(bytesOf(hex))).toString('latin1');
}

/** The encoded form of a value that serialize() writes like this. */
function written(php: string): string {
  return msgpackCodec.encode(unserialize(Buffer.from(php, 'latin1'))).toString('hex');
}

function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex');
}

const STD = 'c0 a8 737464436c617373';

describe('msgpack', () => {
  describe('scalars', () => {
    for (const [hex, php] of [
      ['c0', 'N;'],
      ['c2', 'b:0;'],
      ['c3', 'b:1;'],
      ['7f', 'i:127;'],
      ['cc80', 'i:128;'],
      ['ccff', 'i:255;'],
      ['cd0100', 'i:256;'],
      ['ce00010000', 'i:65536;'],
      ['cf0000000100000000', 'i:4294967296;'],
      ['cf7fffffffffffffff', 'i:9223372036854775807;'],
      ['e0', 'i:-32;'],
      ['d0df', 'i:-33;'],
      ['d1ff7f', 'i:-129;'],
      ['d2ffff7fff', 'i:-32769;'],
      ['d3ffffffff7fffffff', 'i:-2147483649;'],
      ['cb3ff8000000000000', 'd:1.5;'],
      ['a0', 's:0:"";'],
      ['a26162', 's:2:"ab";'],
      [`d920${'61'.repeat(32)}`, `s:32:"${'a'.repeat(32)}";`],
      [`da0100${'61'.repeat(256)}`, `s:256:"${'a'.repeat(256)}";`],
      [`db00010000${'61'.repeat(65_536)}`, `s:65536:"${'a'.repeat(65_536)}";`],
    ] as const) {
      it(`writes ${php.slice(0, 30)} as ${hex.slice(0, 20)}`, () => {
        expect(read(hex)).to.equal(php);
        expect(written(php)).to.equal(hex);
      });
    }

    for (const [title, hex, php] of [
      ['floats of 32 bits', 'ca3fc00000', 'd:1.5;'],
      ['binary data, as strings', 'c4026162', 's:2:"ab";'],
      ['integers in more bytes than they need', 'd30000000000000005', 'i:5;'],
      ['integers that PHP has none for, as their digits', 'cfffffffffffffffff', 's:20:"18446744073709551615";'],
    ] as const) {
      it(`reads ${title}`, () => {
        expect(read(hex)).to.equal(php);
      });
    }
  });

  describe('arrays and objects', () => {
    for (const [title, php, hex] of [
      ['a list', 'a:2:{i:0;i:5;i:1;i:6;}', '92 05 06'],
      ['the empty array', 'a:0:{}', '90'],
      ['an array with keys', 'a:2:{s:1:"a";i:5;i:-1;i:6;}', '82 a161 05 ff 06'],
      ['an object of stdClass', 'O:8:"stdClass":1:{s:1:"a";i:5;}', `82 ${STD} a161 05`],
      ['an object that is empty', 'O:8:"stdClass":0:{}', `81 ${STD}`],
      [
        'one that makes an array of itself',
        'O:11:"ArrayObject":1:{i:0;i:5;}',
        '82 c0 ab 41727261794f626a656374 c0 91 05',
      ],
      ['one with a format of its own', 'C:1:"a":2:{xy}', '82 c0 03 a161 a27879'],
    ] as const) {
      it(title, () => {
        expect(read(hex)).to.equal(php);
        expect(written(php)).to.equal(hex.replaceAll(' ', ''));
      });
    }

    it('reads keys of digits as integers in an array, and as names in an object', () => {
      expect(read('82 a135 01 a23035 02')).to.equal('a:2:{i:5;i:1;s:2:"05";i:2;}');
      expect(read(`82 ${STD} a135 01`)).to.equal('O:8:"stdClass":1:{s:1:"5";i:1;}');
    });

    it('reads the last value of a repeated key at the place of the first, as the extension does', () => {
      expect(read('83 00 05 01 06 00 07')).to.equal('a:2:{i:0;i:7;i:1;i:6;}');
      expect(read('82 a130 05 00 06')).to.equal('a:1:{i:0;i:6;}');
      expect(read(`84 ${STD} a161 05 a162 06 a161 07`)).to.equal('O:8:"stdClass":2:{s:1:"a";i:7;s:1:"b";i:6;}');
    });

    it('reads an empty map as an object', () => {
      expect(read('80')).to.equal('O:8:"stdClass":0:{}');
    });

    it('writes objects of other classes as they were read', () => {
      for (const hex of ['82 c0 a141 a161 05', '82 c0 a141 c0 81 a161 05', '82 c0 a141 c0 90']) {
        const value = msgpackCodec.decode(bytesOf(hex));
        expect(msgpackCodec.encode(value).toString('hex')).to.equal(hex.replaceAll(' ', ''));
      }
    });

    it('reads enum cases as version 3 of the extension writes them', () => {
      expect(read('82 c0 06 a453756974 a148')).to.equal('E:6:"Suit:H";');
    });
  });

  describe('references', () => {
    for (const [title, php, hex] of [
      ['an object twice', `a:2:{i:0;O:8:"stdClass":0:{}i:1;r:2;}`, `92 81 ${STD} 82 c0 04 00 02`],
      ['an object in itself', 'O:8:"stdClass":1:{s:1:"b";r:1;}', `82 ${STD} a162 82 c0 04 00 01`],
      ['to an array', 'a:2:{i:0;a:1:{i:0;i:5;}i:1;R:2;}', '92 82 c0 01 00 05 82 c0 02 00 02'],
      ['an array in itself', 'a:1:{s:1:"b";a:1:{s:1:"b";R:2;}}', '81 a162 82 c0 01 a162 82 c0 02 00 02'],
      ['to an object', 'a:2:{i:0;O:8:"stdClass":0:{}i:1;R:2;}', `92 82 c0 01 ${STD} 82 c0 05 00 02`],
      // The extension's numbers, which also count what it writes for a reference.
      [
        'behind another',
        'a:4:{i:0;a:1:{i:0;i:5;}i:1;R:2;i:2;O:8:"stdClass":0:{}i:3;r:4;}',
        `94 82 c0 01 00 05 82 c0 02 00 02 81 ${STD} 82 c0 04 00 04`,
      ],
    ] as const) {
      it(title, () => {
        expect(read(hex)).to.equal(php);
        expect(written(php)).to.equal(hex.replaceAll(' ', ''));
      });
    }

    it('do not exist for scalars', () => {
      expect(written('a:2:{i:0;i:5;i:1;R:2;}')).to.equal('920505');
    });

    it('to an array that is no variable are read as copies', () => {
      expect(read('92 91 05 82 c0 02 00 02')).to.equal('a:2:{i:0;a:1:{i:0;i:5;}i:1;a:1:{i:0;i:5;}}');
    });
  });

  describe('refuses to write', () => {
    for (const [title, php] of [
      ['an object of a class that only PHP knows', 'O:5:"Money":1:{s:6:"amount";i:5;}'],
      ['a case of an enum', 'E:6:"Suit:H";'],
    ] as const) {
      it(title, () => {
        expect(() => written(php)).to.throw(InputError, 'cannot be known');
      });
    }

    it('nesting that PHP would not read', () => {
      const deepest = msgpackCodec.decode(msgpackCodec.encode(nested(1024)));
      expect(serialize(deepest)).to.deep.equal(serialize(nested(1024)));
      expect(() => msgpackCodec.encode(nested(1025))).to.throw(InputError, '1024 levels');
    });
  });

  describe('refuses with the offset', () => {
    for (const [title, hex, message] of [
      ['nothing', '', 'it ends too early, at byte 0 of 0'],
      ['a tag that is none', 'c1', 'unknown tag 0xc1, at byte 0 of 1'],
      ['an extension of the format', 'd40105', 'unknown tag 0xd4, at byte 0'],
      ['more than a value', '0505', 'expected the end, at byte 1 of 2'],
      ['a string that is cut off', 'a561', 'it ends too early, at byte 2 of 2'],
      [
        'a count that cannot be',
        'ddffffffff',
        'a count of 4294967295 is too large for the remaining bytes, at byte 5 of 5',
      ],
      ['a count of pairs that cannot be', '8505', 'a count of 5 is too large for the remaining bytes, at byte 1'],
      ['an array as a key', '81 90 05', 'expected a key (an integer or a string), at byte 1'],
      ['a key of nil in the middle', '82 a161 05 c0 05', 'expected a key (an integer or a string), at byte 4'],
      ['a mark that says nothing', '82 c0 07 00 01', 'has an unknown mark, at byte 0'],
      ['a mark with too much behind it', '83 c0 04 00 01 00 01', 'has an unknown mark, at byte 0'],
      ['a variable of nothing', '81 c0 01', 'expected an array or an object in a variable, at byte 0'],
      ['a class that makes no array', '82 c0 a141 c0 05', 'expected the array for __unserialize'],
      [
        'a reference to what is not before',
        '91 82 c0 04 00 05',
        'reference to a value that does not precede it, at byte 1',
      ],
      ['a reference to itself', '82 c0 04 00 01', 'reference to a value that does not precede it, at byte 0'],
      ['an array that is itself', '91 82 c0 02 00 01', 'an array cannot hold itself, at byte 1'],
    ] as const) {
      it(title, () => {
        expect(() => read(hex)).to.throw(UndecodableError, message);
      });
    }

    it('thirty arrays that each contain the one before twice', () => {
      // Each array begins with the previous one, whose number is one above its own.
      let hex = '90';
      for (let number = 30; number > 0; number--) hex = `92${hex}82c00200${(number + 1).toString(16).padStart(2, '0')}`;
      expect(() => read(hex)).to.throw(UndecodableError, 'too large to unfold');
    });

    it('arrays nested deeper than PHP reads', () => {
      expect(read(`${'91'.repeat(1023)}90`)).to.match(/^(a:1:{i:0;){1023}a:0/);
      expect(() => read(`${'91'.repeat(1024)}90`)).to.throw(
        UndecodableError,
        'nested deeper than 1024 levels, at byte 1024',
      );
      expect(() => read('91'.repeat(500_000))).to.throw(UndecodableError, 'nested deeper than 1024 levels');
    });
  });
});

function nested(levels: number): Value {
  let value: Value = list([]);
  for (let level = 1; level < levels; level++) value = list([value, integer(level)]);
  return value;
}
