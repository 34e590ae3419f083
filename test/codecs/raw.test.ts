import { expect } from 'chai';

import { openCodec } from '../../src/codecs/open.js';
import { boolean, float, integer, list, NULL, string, type Value } from '../../src/codecs/value.js';
import { InputError } from '../../src/errors.js';

const codec = openCodec('raw');

describe('the raw codec', () => {
  it('reads any bytes as a string, and writes them back', () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    expect(codec.decode(bytes)).to.deep.equal(string(bytes));
    expect(codec.encode(string(bytes))).to.deep.equal(bytes);
  });

  const texts: ReadonlyArray<readonly [Value, string]> = [
    [integer(-42), '-42'],
    [float(1.5), '1.5'],
    [float(1e25), '1.0E+25'],
    [boolean(true), 'true'],
    [boolean(false), 'false'],
  ];
  for (const [value, text] of texts) {
    it(`writes the ${value.type} ${text} as text`, () => expect(codec.encode(value).toString()).to.equal(text));
  }

  const refused: readonly Value[] = [
    NULL,
    list([]),
    { type: 'object', class: Buffer.from('stdClass'), properties: [] },
    { type: 'enum', class: Buffer.from('A'), case: Buffer.from('B') },
  ];
  for (const value of refused) {
    it(`refuses a value of type ${value.type}`, () => {
      expect(() => codec.encode(value)).to.throw(InputError, `the raw codec cannot hold a value of type ${value.type}`);
    });
  }
});
