import { expect } from 'chai';

import { parseJson } from '../../../src/codecs/json/parse.js';
import { MAX_DEPTH } from '../../../src/codecs/json/parser.js';
import { boolean, float, integer, list, NULL, string, type Value } from '../../../src/codecs/value.js';
import { InputError } from '../../../src/errors.js';

const READ: ReadonlyArray<readonly [string, Value]> = [
  [' \t\r\n null \n', NULL],
  ['true', boolean(true)],
  ['0', integer(0)],
  ['-0', integer(0)],
  ['-7', integer(-7)],
  ['9223372036854775807', integer(2n ** 63n - 1n)],
  ['-9223372036854775808', integer(-(2n ** 63n))],
  ['9223372036854775808', float(2 ** 63)],
  ['-9223372036854775809', float(-(2 ** 63))],
  ['100000000000000000000000', float(1e23)],
  ['1.0', float(1)],
  ['-0.0', float(-0)],
  ['1e3', float(1000)],
  ['1E-2', float(0.01)],
  ['"žluť\u007F\u0085"', string('žluť\u007F\u0085')],
  [String.raw`"\"\\\/\b\f\n\r\t\u0041\ud83d\udc34"`, string('"\\/\b\f\n\r\tA🐴')],
  ['[]', list([])],
  ['[ 1 , [ ] ]', list([integer(1), list([])])],
  ['{}', list([])],
];

const KEYS: ReadonlyArray<readonly [string, Buffer | bigint]> = [
  ['0', 0n],
  ['7', 7n],
  ['-5', -5n],
  ['9223372036854775807', 2n ** 63n - 1n],
  ['-9223372036854775808', -(2n ** 63n)],
  ['9223372036854775808', Buffer.from('9223372036854775808')],
  ['-0', Buffer.from('-0')],
  ['07', Buffer.from('07')],
  ['1.5', Buffer.from('1.5')],
  ['', Buffer.from('')],
  ['__proto__', Buffer.from('__proto__')],
];

const REFUSED: ReadonlyArray<readonly [what: string, text: string, says: string]> = [
  ['nothing at all', '', 'expected a value, but it ends, at column 1'],
  ['a bare word', 'hello', 'expected a value, found "h", at column 1'],
  ['a leading zero', '01', 'expected the end, found "1", at column 2'],
  ['a plus sign', '+1', 'expected a value, found "+", at column 1'],
  ['a point without digits', '1.', 'expected the end, found ".", at column 2'],
  ['NaN', 'NaN', 'expected a value, found "N", at column 1'],
  ['a number too large for a float', '[1e999]', '"1e999" is too large for a float, at column 2'],
  ['single quotes', "'a'", `expected a value, found "'", at column 1`],
  ['a comma too many', '[1,]', 'expected a value, found "]", at column 4'],
  ['a minus sign alone', '[-]', 'expected a value, found "-", at column 2'],
  ['a character of several bytes', '[ž, 🐎]', 'expected a value, found "ž", at column 2'],
  ['an escape that is cut off', String.raw`"\u00`, 'is not a valid escape, at column 2'],
  ['a missing comma', '[1 2]', 'expected a comma or ], found "2", at column 4'],
  ['a missing colon', '{"a" 1}', 'expected a colon, found "1", at column 6'],
  ['a name without quotes', '{a:1}', 'expected a name in quotes, found "a", at column 2'],
  ['a number as a name', '{1:1}', 'expected a name in quotes, found "1", at column 2'],
  ['a string without end', '"abc', 'a string has no closing quote, at column 1'],
  ['a line break within a string', '"a\nb"', String.raw`a string contains an unescaped "\n", at column 3`],
  ['an unknown escape', String.raw`"\x41"`, String.raw`"\\x" is not a valid escape, at column 2`],
  ['half of a surrogate pair', String.raw`"\ud83d"`, 'a string contains half of a surrogate pair, at column 1'],
  ['two values', '{} {}', 'expected the end, found "{", at column 4'],
  ['what stands on a later line', '{\n  "a": 1,\n  "b": oops\n}', 'expected a value, found "o", at line 3, column 8'],
  ['depth without end', '['.repeat(1_000_000), `deeper than ${MAX_DEPTH} levels`],
];

describe('parseJson', () => {
  for (const [text, value] of READ) {
    it(`reads ${JSON.stringify(text)} as ${value.type}`, () => expect(parseJson(text)).to.deep.equal(value));
  }

  it('reads objects as arrays, in their order', () => {
    expect(parseJson('{"b":1,"a":{"x":[]}}')).to.deep.equal({
      type: 'array',
      entries: [
        [Buffer.from('b'), integer(1)],
        [Buffer.from('a'), { type: 'array', entries: [[Buffer.from('x'), list([])]] }],
      ],
    });
  });

  for (const [name, key] of KEYS) {
    it(`turns the name ${JSON.stringify(name)} into PHP's key`, () => {
      expect(parseJson(`{"${name}":null}`)).to.deep.equal({ type: 'array', entries: [[key, NULL]] });
    });
  }

  it('keeps the last of two members with one name, in the position of the first', () => {
    expect(parseJson('{"a":1,"b":2,"a":3}')).to.have.deep.property('entries', [
      [Buffer.from('a'), integer(3)],
      [Buffer.from('b'), integer(2)],
    ]);
  });

  it('does so among many members, too', () => {
    const names = Array.from({ length: 100 }, (_, at) => `n${at}`);
    const members = [...names, ...names].map((name, at) => `"${name}":${at}`);
    const entries = names.map((name, at) => [Buffer.from(name), integer(100 + at)]);
    expect(parseJson(`{${members.join(',')}}`)).to.deep.equal({ type: 'array', entries });
  });

  it(`reads ${MAX_DEPTH} levels`, () => {
    expect(parseJson('['.repeat(MAX_DEPTH) + ']'.repeat(MAX_DEPTH)).type).to.equal('array');
  });

  it('reads strings of a megabyte, plain or fully escaped', () => {
    expect(parseJson(`"${'x'.repeat(2 ** 20)}"`)).to.deep.equal(string('x'.repeat(2 ** 20)));
    expect(parseJson(`"${String.raw`\n`.repeat(2 ** 19)}"`)).to.deep.equal(string('\n'.repeat(2 ** 19)));
  });

  for (const [what, text, says] of REFUSED) {
    it(`refuses ${what}, with the offset`, () => {
      expect(() => parseJson(text)).to.throw(InputError, says);
    });
  }

  it('quotes little of a long text that it refuses', () => {
    expect(() => parseJson(`[1 "${'x'.repeat(10_000)}"]`))
      .to.throw(InputError)
      .with.property('message')
      .that.has.length.below(150);
  });
});
