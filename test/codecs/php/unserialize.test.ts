import { expect } from 'chai';

import type { ArrayValue, Value } from '../../../src/codecs/value.js';

import { MAX_DEPTH, unserialize } from '../../../src/codecs/php/unserialize.js';
import { boolean, float, integer, list, NULL, string } from '../../../src/codecs/value.js';
import { UndecodableError } from '../../../src/errors.js';

/** Bytes are written as Latin-1. */
const READ: ReadonlyArray<readonly [string, Value]> = [
  ['N;', NULL],
  ['b:1;', boolean(true)],
  ['b:0;', boolean(false)],
  ['i:0;', integer(0)],
  ['i:+5;', integer(5)],
  ['i:-0;', integer(0)],
  ['i:007;', integer(7)],
  ['i:9223372036854775807;', integer(2n ** 63n - 1n)],
  ['i:-9223372036854775808;', integer(-(2n ** 63n))],
  ['d:0.1;', float(0.1)],
  ['d:-0;', float(-0)],
  ['d:1.0E+25;', float(1e25)],
  ['d:1.0E-10;', float(1e-10)],
  ['d:INF;', float(Infinity)],
  ['d:-INF;', float(-Infinity)],
  ['d:NAN;', float(Number.NaN)],
  ['d:.5;', { type: 'float', value: 0.5, text: '.5' }],
  ['d:5.;', { type: 'float', value: 5, text: '5.' }],
  ['d:0.10000000000000001;', { type: 'float', value: 0.1, text: '0.10000000000000001' }],
  ['s:0:"";', string('')],
  ['s:5:"a";b\n";', string('a";b\n')],
  ['s:2:"\u00FF\0";', string(Buffer.from([0xff, 0]))],
  [String.raw`S:3:"a\41\0a";`, string('aA\n')],
  ['a:0:{}', list([])],
  ['a:2:{i:0;i:1;i:1;N;}', list([integer(1), NULL])],
  ['a:1:{i:-3;s:1:"x";}', { type: 'array', entries: [[-3n, string('x')]] }],
  ['a:1:{s:1:"k";b:1;}', { type: 'array', entries: [[Buffer.from('k'), boolean(true)]] }],
  ['a:1:{s:1:"5";N;}', { type: 'array', entries: [[Buffer.from('5'), NULL]] }],
  [String.raw`a:1:{S:1:"\41";N;}`, { type: 'array', entries: [[Buffer.from('A'), NULL]] }],
  ['O:8:"stdClass":0:{}', { type: 'object', class: Buffer.from('stdClass'), properties: [] }],
  [
    'O:7:"App\\Box":2:{s:4:"\0*\0a";i:1;i:7;N;}',
    {
      type: 'object',
      class: Buffer.from(String.raw`App\Box`),
      properties: [
        [Buffer.from('\0*\0a'), integer(1)],
        [7n, NULL],
      ],
    },
  ],
  ['E:11:"Suit:Hearts";', { type: 'enum', class: Buffer.from('Suit'), case: Buffer.from('Hearts') }],
  ['C:6:"Legacy":4:{a}:1}', { type: 'custom', class: Buffer.from('Legacy'), data: Buffer.from('a}:1') }],
];

/** What is refused, its offset, and the message. */
const REFUSED: ReadonlyArray<readonly [what: string, bytes: string, offset: number, says: RegExp]> = [
  ['nothing at all', '', 0, /expected a value, but it ends/],
  ['an unknown letter', 'x:1;', 0, /expected a value, found "x"/],
  ['something behind the value', 'i:5;i:6;', 4, /expected the end/],
  ['a missing semicolon', 'N', 1, /expected ';'/],
  ['a boolean that is neither', 'b:2;', 2, /one of 01/],
  ['an integer without digits', 'i:;', 2, /expected an integer, found ""/],
  ['an integer with a fraction', 'i:1.5;', 2, /expected an integer, found "1.5"/],
  ['an integer over 64 bits', 'i:9223372036854775808;', 2, /64 bits/],
  ['an integer under 64 bits', 'i:-9223372036854775809;', 2, /64 bits/],
  ['an integer without end', `i:${'1'.repeat(100)}`, 2, /missing ';'/],
  ['a float that is none', 'd:1e;', 2, /expected a float, found "1e"/],
  ['a hexadecimal float', 'd:0x1p3;', 2, /expected a float/],
  ['a positive infinity with a sign', 'd:+INF;', 2, /expected a float/],
  ['a string that is shorter than it says', 's:5:"abc";', 10, /expected '"'/],
  ['a string that says more than is there', 's:9:"abc";', 2, /remaining bytes/],
  ['a string that is longer than it says', 's:2:"abc";', 7, /expected '"'/],
  ['a string without length', 's::"";', 2, /expected a number/],
  ['a string of negative length', 's:-1:"";', 2, /expected a number/],
  ['a string of endless length', `s:${'9'.repeat(400)}:"";`, 2, /remaining bytes/],
  ['an escape that is none', String.raw`S:2:"\4z";`, 5, /two hex digits/],
  ['an array that says it is huge', 'a:999999999:{', 2, /remaining bytes/],
  ['an array of a negative number', 'a:-1:{}', 2, /expected a number/],
  ['an array with too few members', 'a:2:{i:0;i:1;}      ', 13, /expected a key/],
  ['an array with too many members', 'a:1:{i:0;i:1;i:1;N;}', 13, /expected '}'/],
  ['an array that ends early', 'a:1:{i:0;N;', 11, /expected '}'/],
  ['a key that is a float', 'a:1:{d:1;N;}', 5, /expected a key/],
  ['a key that is null', 'a:1:{N;N;;;}', 5, /expected a key/],
  ['an object without class', 'O:0:"":0:{}', 5, /class name/],
  ['an object with a strange class', 'O:3:"a b":0:{}', 5, /class name/],
  ['an enum without case', 'E:5:"Suits";', 1, /Class:Case/],
  ['an enum with an empty case', 'E:5:"Suit:";', 1, /Class:Case/],
  ['an own format that is shorter than it says', 'C:1:"A":9:{abc}', 8, /remaining bytes/],
  ['a reference with nothing before it', 'R:1;', 2, /reference to slot 1, which does not precede it/],
  ['a reference to slot 0', 'a:1:{i:0;R:0;}', 11, /slot 0/],
  ['a reference to a negative place', 'a:1:{i:0;R:-1;}', 11, /slot -1/],
  ['a reference to itself', 'a:1:{i:0;R:2;}', 11, /slot 2/],
  ['an object that is itself', 'a:1:{i:0;r:2;}', 11, /slot 2/],
  ['a reference to what comes later', 'a:2:{i:0;R:3;i:1;N;}', 11, /slot 3/],
  ['a reference to a reference, which has no slot', 'a:3:{i:0;N;i:1;R:2;i:2;R:3;}', 25, /slot 3/],
  ['an object that is no object', 'a:2:{i:0;i:1;i:1;r:2;}', 19, /slot 2 should hold an object/],
];

/** What PHP writes for what it reads from it. */
const REPEATED: ReadonlyArray<readonly [string, string]> = [
  ['a:2:{i:0;i:1;i:0;i:2;}', 'a:1:{i:0;i:2;}'],
  ['a:3:{i:0;i:1;i:7;N;i:0;i:2;}', 'a:2:{i:0;i:2;i:7;N;}'],
  ['a:3:{s:1:"k";i:1;s:1:"l";N;s:1:"k";i:2;}', 'a:2:{s:1:"k";i:2;s:1:"l";N;}'],
  ['a:2:{i:5;i:1;s:1:"5";i:2;}', 'a:1:{i:5;i:2;}'],
  ['a:2:{s:2:"05";i:1;i:5;i:2;}', 'a:2:{s:2:"05";i:1;i:5;i:2;}'],
  ['a:4:{i:9;N;i:-1;i:1;i:3;N;i:-1;i:2;}', 'a:3:{i:9;N;i:-1;i:2;i:3;N;}'],
  ['O:8:"stdClass":3:{s:1:"p";i:1;s:1:"q";N;s:1:"p";i:2;}', 'O:8:"stdClass":2:{s:1:"p";i:2;s:1:"q";N;}'],
];

describe('unserialize', () => {
  for (const [text, same] of REPEATED) {
    it(`reads ${text} as PHP does: ${same}`, () => {
      expect(unserialize(Buffer.from(text))).to.deep.equal(unserialize(Buffer.from(same)));
    });
  }

  it('finds a repeated key among many', () => {
    const members = Array.from({ length: 100 }, (_, index) => `s:3:"${100 + index}";N;s:4:"k${100 + index}";N;`);
    const value = unserialize(Buffer.from(`a:202:{${members.join('')}s:4:"k150";i:1;i:150;i:2;}`));
    const { entries } = value as ArrayValue;
    expect(entries).to.have.lengthOf(200);
    expect(entries[100]).to.deep.equal([Buffer.from('150'), integer(2)]);
    expect(entries[101]).to.deep.equal([Buffer.from('k150'), integer(1)]);
  });

  it('refuses a repeated key beside references, which PHP reads in its own way', () => {
    const error = refusal(Buffer.from('a:3:{i:0;i:1;i:0;i:2;i:1;R:2;}'));
    expect(error.message).to.include('it repeats a key in a value with references, at byte 17 of');
  });

  for (const [text, value] of READ) {
    it(`reads ${JSON.stringify(text)}`, () => {
      expect(unserialize(Buffer.from(text, 'latin1'))).to.deep.equal(value);
    });
  }

  for (const [what, text, offset, says] of REFUSED) {
    it(`refuses ${what}, with the offset`, () => {
      const error = refusal(Buffer.from(text, 'latin1'));
      expect(error.offset).to.equal(offset);
      expect(error.message).to.match(says);
      expect(error.message).to.include(`at byte ${offset} of ${text.length}`);
      expect(error.hint).to.equal('Is the codec of the profile the right one?');
    });
  }

  it('refuses every proper prefix of a value', () => {
    const whole = Buffer.from('a:3:{i:0;O:1:"A":1:{s:1:"x";d:0.5;}s:1:"k";r:2;i:1;E:3:"A:B";}');
    for (let length = 0; length < whole.length; length++) {
      expect(refusal(whole.subarray(0, length)).offset).to.be.within(0, length);
    }
  });

  describe('references', () => {
    it('count every value as a slot, also a repeated object, but no reference', () => {
      // 1 the array, 2 the object, 3 its property, - the reference, 4 the object again, 5 the string.
      const text = 'a:5:{i:0;O:1:"A":1:{s:1:"x";i:1;}i:1;R:3;i:2;r:2;i:3;s:1:"s";i:4;R:5;}';
      expect(unserialize(Buffer.from(text))).to.have.nested.property('entries[4][1].target', 5);
      expect(refusal(Buffer.from(text.replace('R:5', 'R:6'))).message).to.include('slot 6');
    });

    it('can point at an enclosing object or array', () => {
      expect(unserialize(Buffer.from('O:8:"stdClass":1:{s:4:"self";r:1;}'))).to.have.nested.property(
        'properties[0][1].target',
        1,
      );
      expect(unserialize(Buffer.from('a:1:{i:0;R:1;}'))).to.have.nested.property('entries[0][1].kind', 'reference');
    });

    it('can point at an enum case as an object', () => {
      const value = unserialize(Buffer.from('a:2:{i:0;E:11:"Suit:Hearts";i:1;r:2;}'));
      expect(value).to.have.nested.property('entries[1][1].kind', 'object');
    });

    it('can point into an object with its own format, which only its class can number', () => {
      // As written by PHP: what the class serialized itself took the slots 3 to 8.
      const text = 'a:2:{i:0;C:3:"Cst":63:{a:3:{i:0;i:1;i:1;a:2:{i:0;i:2;i:1;i:3;}i:2;O:8:"stdClass":0:{}}}i:1;r:8;}';
      expect(unserialize(Buffer.from(text))).to.have.nested.property('entries[1][1].target', 8);
      expect(refusal(Buffer.from(text.replace('r:8', 'r:99'))).message).to.include('slot 99');
    });
  });

  describe('depth', () => {
    it(`reads ${MAX_DEPTH} levels, PHP's default`, () => {
      expect(unserialize(nested(MAX_DEPTH)).type).to.equal('array');
    });

    it('refuses deeper levels where they begin', () => {
      expect(refusal(nested(MAX_DEPTH + 1)).offset).to.equal('a:1:{i:0;'.length * MAX_DEPTH);
    });

    it('refuses a million levels too', () => {
      expect(refusal(nested(1_000_000)).message).to.include(`deeper than ${MAX_DEPTH} levels`);
    });
  });

  it('reads a string of 16 MiB without copying it', () => {
    const length = 2 ** 24;
    const bytes = Buffer.concat([Buffer.from(`s:${length}:"`), Buffer.alloc(length, 'x'), Buffer.from('";')]);
    const value = unserialize(bytes) as { value: Buffer };
    expect(value.value.length).to.equal(length);
    expect(value.value.buffer).to.equal(bytes.buffer);
  });

  it('reads an array of 200000 members', () => {
    const members = Array.from({ length: 200_000 }, (_, index) => `i:${index};s:1:"x";`).join('');
    expect(unserialize(Buffer.from(`a:200000:{${members}}`)))
      .to.have.property('entries')
      .with.lengthOf(200_000);
  });
});

function nested(levels: number): Buffer {
  return Buffer.from(`${'a:1:{i:0;'.repeat(levels)}N;${'}'.repeat(levels)}`);
}

function refusal(bytes: Buffer): UndecodableError {
  try {
    unserialize(bytes);
  } catch (error) {
    expect(error).to.be.an.instanceOf(UndecodableError);
    return error as UndecodableError;
  }

  throw new Error(`was read: ${bytes.subarray(0, 100).toString('latin1')}`);
}
