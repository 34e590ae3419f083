import { expect } from 'chai';

import { igbinaryCodec } from '../../../src/codecs/igbinary/codec.js';
import { toJson } from '../../../src/codecs/json/print.js';
import { serialize } from '../../../src/codecs/php/serialize.js';
import { unserialize } from '../../../src/codecs/php/unserialize.js';
import { integer, list } from '../../../src/codecs/value.js';
import { InputError, UndecodableError } from '../../../src/errors.js';

/** The decoded value, as serialize() writes it. */
function read(hex: string): string {
  return serialize(igbinaryCodec.decode(bytesOf(hex))).toString('latin1');
}

/** The encoded form of a value that serialize() writes like this. */
function written(php: string): string {
  return igbinaryCodec
    .encode(unserialize(Buffer.from(php, 'latin1')))
    .toString('hex')
    .slice(HEADER.length);
}

function bytesOf(hex: string): Buffer {
  return Buffer.from(HEADER + hex.replaceAll(' ', ''), 'hex');
}

const HEADER = '00000002';

describe('igbinary', () => {
  describe('integers', () => {
    for (const [hex, value] of [
      ['0600', '0'],
      ['06ff', '255'],
      ['07ff', '-255'],
      ['080100', '256'],
      ['09ffff', '-65535'],
      ['0a00010000', '65536'],
      ['0bffffffff', '-4294967295'],
      ['200000000100000000', '4294967296'],
      ['207fffffffffffffff', '9223372036854775807'],
      ['218000000000000000', '-9223372036854775808'],
    ] as const) {
      it(`writes ${value} as ${hex}`, () => {
        expect(read(hex)).to.equal(`i:${value};`);
        expect(written(`i:${value};`)).to.equal(hex);
      });
    }
  });

  it('numbers repeated strings: keys, values and class names', () => {
    const hex = '1403 1102 6162 0e00 1101 63 17 0161 1401 0e00 0e01 0600 1a02 1400'.replaceAll(' ', '');
    const php = 'a:3:{s:2:"ab";s:2:"ab";s:1:"c";O:1:"a":1:{s:2:"ab";s:1:"c";}i:0;O:1:"a":0:{}}';
    expect(read(hex)).to.equal(php);
    expect(written(php)).to.equal(hex);
  });

  it('does not number the empty string', () => {
    expect(read('1402 0600 0d 0601 0d')).to.equal('a:2:{i:0;s:0:"";i:1;s:0:"";}');
  });

  it('writes lengths in as few bytes as possible', () => {
    for (const [length, head] of [
      [255, '11ff'],
      [256, '120100'],
      [65_536, '1300010000'],
    ] as const) {
      const php = `s:${length}:"${'x'.repeat(length)}";`;
      expect(written(php).slice(0, head.length)).to.equal(head);
      expect(read(head + '78'.repeat(length))).to.equal(php);
    }
  });

  it('reads format 1 too', () => {
    expect(igbinaryCodec.decode(Buffer.from('000000010605', 'hex'))).to.deep.equal(integer(5));
  });

  describe('references', () => {
    for (const [title, php, hex] of [
      ['to a scalar', 'a:2:{i:0;i:5;i:1;R:2;}', '1402 0600 25 0605 0601 25 0101'],
      ['to an array', 'a:2:{i:0;a:1:{i:0;i:5;}i:1;R:2;}', '1402 0600 25 1401 0600 0605 0601 25 0101'],
      ['to an object', 'a:2:{i:0;O:1:"a":0:{}i:1;R:2;}', '1402 0600 25 17 0161 1400 0601 25 2201'],
      ['an object twice', 'a:2:{i:0;O:1:"a":0:{}i:1;r:2;}', '1402 0600 17 0161 1400 0601 2201'],
      ['an object in itself', 'O:1:"a":1:{s:1:"b";r:1;}', '17 0161 1401 1101 62 2200'],
      ['an array in itself', 'a:1:{i:0;a:1:{i:0;R:2;}}', '1401 0600 25 1401 0600 25 0101'],
      ['a case of an enum twice', 'a:2:{i:0;E:3:"A:B";i:1;r:2;}', '1402 0600 17 0141 27 1101 42 0601 2201'],
    ] as const) {
      it(title, () => {
        expect(read(hex)).to.equal(php);
        expect(written(php)).to.equal(hex.replaceAll(' ', ''));
      });
    }

    it('reads a shared array as separate arrays, and writes it back as shared', () => {
      const hex = '1403 0600 1401 0600 0605 0601 0101 0602 0101'.replaceAll(' ', '');
      const value = igbinaryCodec.decode(bytesOf(hex));
      expect(toJson(value)).to.equal('[[5],[5],[5]]');
      expect(igbinaryCodec.encode(value).toString('hex')).to.equal(HEADER + hex);
    });

    it('keeps an array shared within a shared array', () => {
      const hex = '1402 0600 1402 0600 17 0161 1400 0601 25 0605 0601 0101';
      expect(read(hex)).to.equal('a:2:{i:0;a:2:{i:0;O:1:"a":0:{}i:1;i:5;}i:1;a:2:{i:0;r:3;i:1;R:4;}}');
    });

    it('reads an array that contains an object that contains the array', () => {
      expect(read('1401 0600 1401 0600 17 0161 1401 1101 62 0101')).to.equal(
        'a:1:{i:0;a:1:{i:0;O:1:"a":1:{s:1:"b";a:1:{i:0;r:3;}}}}',
      );
    });

    it('writes an array of a value that appears twice once', () => {
      const shared = list([integer(5)]);
      const hex = igbinaryCodec.encode(list([shared, shared])).toString('hex');
      expect(hex).to.equal(`${HEADER}14020600140106000605060101${'01'}`);
    });

    it('writes an array twice if a reference points into it', () => {
      const shared = list([integer(5)]);
      const value = list([shared, shared, { type: 'reference', kind: 'reference', target: 5 }]);
      expect(serialize(igbinaryCodec.decode(igbinaryCodec.encode(value))).toString()).to.equal(
        'a:3:{i:0;a:1:{i:0;i:5;}i:1;a:1:{i:0;i:5;}i:2;R:5;}',
      );
    });
  });

  it('keeps an object with its own format, and references behind it', () => {
    const hex = '1402 0600 17 0161 1d02 7879 0601 1402 0600 25 0605 0601 25 0103'.replaceAll(' ', '');
    const value = igbinaryCodec.decode(bytesOf(hex));
    expect(toJson(value)).to.equal('[{"$class":"a","$serialized":"xy"},[5,5]]');
    expect(igbinaryCodec.encode(value).toString('hex')).to.equal(HEADER + hex);
  });

  it('refuses to write references that only a class can count', () => {
    const php = Buffer.from('a:3:{i:0;C:1:"a":4:{i:5;}i:1;O:1:"b":0:{}i:2;r:4;}');
    expect(() => igbinaryCodec.encode(unserialize(php))).to.throw(InputError, 'slot 4');
  });

  it('skips a key without a value, which __sleep named', () => {
    expect(read('17 0161 1402 00 1101 62 0605')).to.equal('O:1:"a":1:{s:1:"b";i:5;}');
  });

  it('keeps the last value of a repeated key at the place of the first, as the extension does', () => {
    expect(read('1403 0600 110161 0601 0605 0600 110162')).to.equal('a:2:{i:0;s:1:"b";i:1;i:5;}');
    expect(read('17 0161 1402 1101 62 0605 0e01 0606')).to.equal('O:1:"a":1:{s:1:"b";i:6;}');
    // The second member is a reference to the array that the repeated key replaced.
    expect(read('1403 0600 1400 0600 0607 0601 25 0101')).to.equal('a:2:{i:0;i:7;i:1;a:0:{}}');
  });

  describe('refuses with the offset', () => {
    for (const [title, hex, message] of [
      ['nothing', '', 'it ends too early, at byte 4 of 4'],
      ['an unknown tag', '28', 'found tag 0x28, at byte 4 of 5'],
      ['more than a value', '060506', 'expected the end, at byte 6 of 7'],
      ['a string that is cut off', '110561', 'it ends too early, at byte 7 of 7'],
      [
        'a count that cannot be',
        '16ffffffff',
        'a count of 4294967295 is too large for the remaining bytes, at byte 9 of 9',
      ],
      ['a length of 64 bits that cannot be', '26ffffffffffffffff61', 'it ends too early, at byte 14 of 14'],
      ['an integer that is too large', '208000000000000000', 'does not fit into 64 bits, at byte 5'],
      ['an unknown string', '0e05', 'string 5, which does not precede it, at byte 6'],
      ['an unknown reference', '14010600 0102', 'value 2, which does not precede it'],
      ['an object of nothing', '17 0161 0605', 'expected the properties of an object'],
      ['an array as a key', '1401 1400', 'expected a key (an integer or a string), at byte 6'],
      ['an array that is itself', '1401 0600 1401 0600 0101', 'it is nested deeper than 4096 levels'],
    ] as const) {
      it(title, () => {
        expect(() => read(hex)).to.throw(UndecodableError, message);
      });
    }

    it('another version', () => {
      const bytes = Buffer.from('000000030600', 'hex');
      expect(() => igbinaryCodec.decode(bytes)).to.throw(UndecodableError, 'expected version 1 or 2');
    });

    it('thirty arrays that each contain the one before twice', () => {
      // Each level is an array that holds the previous level twice.
      let hex = '1400';
      for (let number = 30; number > 0; number--) hex = `14020600${hex}060101${number.toString(16).padStart(2, '0')}`;
      expect(() => read(hex)).to.throw(UndecodableError, 'too large to unfold');
    });

    it('a long string repeated thousands of times', () => {
      const string = `13000fffff${'61'.repeat(0x0f_ff_ff)}`;
      const hex = `150400 0600${string}${Array.from({ length: 1023 }, (_, key) => `08${(key + 1).toString(16).padStart(4, '0')}0e00`).join('')}`;
      expect(() => read(hex)).to.throw(UndecodableError, 'too large to unfold');
    });

    it('hundreds of thousands of nested arrays', () => {
      expect(() => read('14010600'.repeat(300_000))).to.throw(UndecodableError, 'it ends too early');
      expect(() => read(`${'14010600'.repeat(300_000)}00`)).to.throw(UndecodableError, 'nested deeper than 4096');
    });
  });
});
