import { expect } from 'chai';

import { serialize } from '../../../src/codecs/php/serialize.js';
import { unserialize } from '../../../src/codecs/php/unserialize.js';
import { boolean, float, integer, list, NULL, string, type Value } from '../../../src/codecs/value.js';

const WRITTEN: ReadonlyArray<readonly [Value, string]> = [
  [NULL, 'N;'],
  [boolean(true), 'b:1;'],
  [boolean(false), 'b:0;'],
  [integer(-(2n ** 63n)), 'i:-9223372036854775808;'],
  [float(3), 'd:3;'],
  [float(-0), 'd:-0;'],
  [float(0.1 + 0.2), 'd:0.30000000000000004;'],
  [float(1e25), 'd:1.0E+25;'],
  [float(Infinity), 'd:INF;'],
  [float(-Infinity), 'd:-INF;'],
  [float(Number.NaN), 'd:NAN;'],
  [string('žluť'), 's:6:"žluť";'],
  [string(''), 's:0:"";'],
  [list([]), 'a:0:{}'],
  [list([integer(1), list([NULL])]), 'a:2:{i:0;i:1;i:1;a:1:{i:0;N;}}'],
  [{ type: 'array', entries: [[Buffer.from('k"'), string('v')]] }, 'a:1:{s:2:"k"";s:1:"v";}'],
  [
    { type: 'object', class: Buffer.from('A'), properties: [[Buffer.from('\0A\0x'), integer(1)]] },
    'O:1:"A":1:{s:4:"\0A\0x";i:1;}',
  ],
  [{ type: 'enum', class: Buffer.from('Suit'), case: Buffer.from('Hearts') }, 'E:11:"Suit:Hearts";'],
  [{ type: 'custom', class: Buffer.from('Legacy'), data: Buffer.from('{"}') }, 'C:6:"Legacy":3:{{"}}'],
];

/** What PHP wrote, or an older PHP did. */
const SAME_AGAIN: readonly string[] = [
  'd:0.10000000000000001;',
  'd:1.0000000000000001E+25;',
  'd:1e3;',
  'a:1:{s:1:"5";N;}',
  'a:3:{i:0;O:1:"A":1:{s:4:"self";r:2;}i:1;r:2;i:2;R:2;}',
  'O:2:"Ch":2:{s:4:"\0P\0a";i:1;s:5:"\0Ch\0a";i:9;}',
  'O:2:"Us":2:{s:1:"q";i:1;i:5;r:1;}',
];

describe('serialize', () => {
  for (const [value, text] of WRITTEN) {
    it(`writes ${JSON.stringify(text)}`, () => {
      expect(serialize(value).toString()).to.equal(text);
    });
  }

  for (const text of SAME_AGAIN) {
    it(`writes ${JSON.stringify(text)} as it was read`, () => {
      expect(serialize(unserialize(Buffer.from(text))).toString()).to.equal(text);
    });
  }

  it('writes 100000 levels without exhausting the stack', () => {
    const levels = 100_000;
    let value: Value = NULL;
    for (let level = 0; level < levels; level++) value = list([value]);
    expect(serialize(value).length).to.equal(levels * 'a:1:{i:0;}'.length + 2);
  });

  it('writes 200000 members and long strings exactly', () => {
    const value = list(Array.from({ length: 200_000 }, (_, index) => string('x'.repeat(index % 50))));
    expect(unserialize(serialize(value))).to.deep.equal(value);
    const long = string(Buffer.alloc(2 ** 22, 'cachectl'));
    expect(unserialize(serialize(list([long, long])))).to.deep.equal(list([long, long]));
  });
});
