import { expect } from 'chai';

import { bareNumbers } from '../../src/codecs/bare-numbers.js';
import { openCodec } from '../../src/codecs/open.js';
import { boolean, float, integer, list, NULL, string, type Value } from '../../src/codecs/value.js';

const codec = bareNumbers(openCodec('php'));

describe('bare numbers', () => {
  const bare: ReadonlyArray<readonly [Value, string]> = [
    [integer(42), '42'],
    [integer(-(2n ** 63n)), '-9223372036854775808'],
    [float(3.14), '3.14'],
    [float(1e25), '1.0E+25'],
    [float(0.1 + 0.2), '0.30000000000000004'],
    [{ type: 'float', value: 0.1, text: '0.10000000000000001' }, '0.1'],
    [string('0123'), '0123'],
    [string('1e3'), '1e3'],
    [string(' 5 '), ' 5 '],
    [string('9223372036854775808'), '9223372036854775808'],
  ];
  for (const [value, text] of bare) {
    it(`stores the ${value.type} ${text} unchanged`, () => {
      expect(codec.encode(value).toString()).to.equal(text);
    });
  }

  const encoded: ReadonlyArray<readonly [Value, string]> = [
    [float(Infinity), 'd:INF;'],
    [float(-Infinity), 'd:-INF;'],
    [float(Number.NaN), 'd:NAN;'],
    [string('1e999'), 's:5:"1e999";'],
    [string('-1e999'), 's:6:"-1e999";'],
    [string(''), 's:0:"";'],
    [string('hello'), 's:5:"hello";'],
    [string('0x1A'), 's:4:"0x1A";'],
    [boolean(true), 'b:1;'],
    [NULL, 'N;'],
    [list([integer(1)]), 'a:1:{i:0;i:1;}'],
  ];
  for (const [value, text] of encoded) {
    it(`leaves ${text} to the codec`, () => {
      expect(codec.encode(value).toString()).to.equal(text);
      expect(codec.decode(Buffer.from(text))).to.deep.equal(value);
    });
  }

  const read: ReadonlyArray<readonly [string, Value]> = [
    ['42', integer(42)],
    ['0', integer(0)],
    ['9223372036854775807', integer(2n ** 63n - 1n)],
    ['-9223372036854775808', integer(-(2n ** 63n))],
    ['3.14', float(3.14)],
    ['1.0E+25', float(1e25)],
    ['1.0E+14', float(1e14)],
    ['0.30000000000000004', float(0.1 + 0.2)],
    ['0.33333333333333', float(0.333_333_333_333_33)],
    ['9223372036854775808', string('9223372036854775808')],
    ['0123', string('0123')],
    ['1e3', string('1e3')],
    ['1.50', string('1.50')],
    ['+5', string('+5')],
    ['-0', string('-0')],
    [' 5', string(' 5')],
  ];
  for (const [text, value] of read) {
    it(`reads ${JSON.stringify(text)} as ${value.type}, and writes it back unchanged`, () => {
      expect(codec.decode(Buffer.from(text))).to.deep.equal(value);
      expect(codec.encode(value).toString()).to.equal(text);
    });
  }

  it('reads a million digits as text', () => {
    const digits = Buffer.alloc(1_000_000, '7');
    expect(codec.decode(digits)).to.deep.equal(string(digits));
  });

  it('has the name of the inner codec', () => expect(codec.name).to.equal('php'));
});
