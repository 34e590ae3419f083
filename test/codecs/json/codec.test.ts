import { expect } from 'chai';

import { openCodec } from '../../../src/codecs/open.js';
import { boolean, float, integer, list, NULL, string, type Value } from '../../../src/codecs/value.js';
import { InputError, UndecodableError } from '../../../src/errors.js';

const codec = openCodec('json');

describe('the json codec', () => {
  const documents = [
    'null',
    'true',
    'false',
    '0',
    '-42',
    '9223372036854775807',
    '-9223372036854775808',
    '1.0',
    '-0.0',
    '1.5e-7',
    '""',
    '"žluťoučký 🐎"',
    String.raw`"a\"b\\c\n\u0000"`,
    '[]',
    '{}',
    '[1,[],{},"x",[{}]]',
    '{"b":1,"a":{"7":[],"5":{}},"":null,"__proto__":{"toString":1}}',
  ];
  for (const document of documents) {
    it(`writes ${document} as it was read`, () => {
      expect(codec.encode(codec.decode(Buffer.from(document))).toString()).to.equal(document);
    });
  }

  it('reads objects as stdClass, with ordered string keys', () => {
    expect(codec.decode(Buffer.from('{"7":1,"a":2}'))).to.deep.equal({
      type: 'object',
      class: Buffer.from('stdClass'),
      properties: [
        [Buffer.from('7'), integer(1)],
        [Buffer.from('a'), integer(2)],
      ],
    });
  });

  const written: ReadonlyArray<readonly [what: string, value: Value, document: string]> = [
    ['lists as arrays', list([integer(1), boolean(true), NULL]), '[1,true,null]'],
    ['other arrays as objects', { type: 'array', entries: [[7n, integer(1)]] }, '{"7":1}'],
    ['floats with a fraction', float(3), '3.0'],
    ['large floats with an exponent', float(1e25), '1e+25'],
    ['an empty array as a list', list([]), '[]'],
  ];
  for (const [what, value, document] of written) {
    it(`writes ${what}`, () => expect(codec.encode(value).toString()).to.equal(document));
  }

  const unholdable: ReadonlyArray<readonly [Value, string]> = [
    [string(Buffer.from([0xff])), 'a string that is not UTF-8'],
    [{ type: 'array', entries: [[Buffer.from([0xff]), NULL]] }, 'a string that is not UTF-8'],
    [float(Number.NaN), 'the float NaN'],
    [float(Infinity), 'the float Infinity'],
    [{ type: 'object', class: Buffer.from('Money'), properties: [] }, 'an object of class "Money"'],
    [{ type: 'enum', class: Buffer.from('A'), case: Buffer.from('B') }, 'a value of type enum'],
    [{ type: 'custom', class: Buffer.from('A'), data: Buffer.alloc(0) }, 'a value of type custom'],
    [list([list([]), { type: 'reference', kind: 'reference', target: 2 }]), 'a value of type reference'],
    [deep(5000), 'more than 1000 levels'],
  ];
  for (const [value, what] of unholdable) {
    it(`refuses to write ${what}`, () => {
      expect(() => codec.encode(value)).to.throw(InputError, `the json codec cannot hold ${what}`);
    });
  }

  const refused: ReadonlyArray<readonly [what: string, bytes: Buffer | string, offset: number]> = [
    ['nothing at all', '', 0],
    ['something behind the value', '1 2', 2],
    ['a list without end', '[1,', 3],
    ['what comes behind characters of several bytes', '["žluť",x]', 10],
    ['what is not UTF-8', Buffer.from([0x22, 0x61, 0xff, 0x22]), 2],
    ['a character cut in two', Buffer.from([0x22, 0xc5]), 1],
    ['serialized PHP', 's:5:"hello";', 0],
  ];
  for (const [what, bytes, offset] of refused) {
    it(`refuses ${what}, with the byte offset`, () => {
      const { length } = Buffer.from(bytes as string);
      expect(() => codec.decode(Buffer.from(bytes as string)))
        .to.throw(UndecodableError, `at byte ${offset} of ${length}`)
        .with.property('offset', offset);
    });
  }
});

function deep(levels: number): Value {
  let value: Value = NULL;
  for (let level = 0; level < levels; level++) value = list([value]);
  return value;
}
