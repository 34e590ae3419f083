import { expect } from 'chai';

import { phpToJson } from '../../../src/codecs/php/to-json.js';

describe('serialized values as JSON, without decoding', () => {
  for (const [stored, json] of [
    ['N;', 'null'],
    ['b:0;', 'false'],
    ['i:-42;', '-42'],
    ['d:1;', '1.0'],
    ['d:-0;', '-0.0'],
    ['d:1.0E+25;', '1e+25'],
    ['s:0:"";', '""'],
    [String.raw`s:4:"a"b\";`, String.raw`"a\"b\\"`],
    ['s:9:"ü🐎\u2028";', String.raw`"ü🐎\u2028"`],
    ['s:3:"\u{FFFD}";', '"\u{FFFD}"'],
    ['a:0:{}', '[]'],
    ['a:2:{i:0;s:1:"x";i:1;a:1:{s:1:"k";N;}}', '["x",{"k":null}]'],
    ['a:2:{i:1;i:0;i:0;i:1;}', '{"1":0,"0":1}'],
    ['a:3:{s:2:"07";i:1;s:9:"__proto__";i:2;s:0:"";i:3;}', '{"07":1,"__proto__":2,"":3}'],
  ] as const) {
    it(`read ${stored}`, () => {
      expect(phpToJson(stored)).to.equal(json);
    });
  }

  for (const [what, ...texts] of [
    ['objects, enums and references', 'O:1:"A":0:{}', 'E:6:"Suit:A";', 'a:2:{i:0;a:0:{}i:1;R:2;}', 'C:1:"A":0:{}'],
    ['integers that may not fit or are written differently', 'i:9223372036854775808;', 'i:007;', 'i:-0;', 'i:+1;'],
    ['floats that JSON lacks or are written differently', 'd:INF;', 'd:NAN;', 'd:0.10000000000000001;', 'd: 1;', 'd:;'],
    ['keys that JSON would change', 'a:1:{s:1:"7";i:1;}', 'a:1:{s:2:"-7";i:1;}', 'a:2:{s:1:"a";N;s:1:"a";N;}'],
    ['wrong lengths', 's:1:"ü";', 's:2:"🐎";', 's:3:"🐎";', 's:4:"abc";', 's:2:"abc";', 's:9999999999:"a";'],
    ['wrong counts', 'a:1:{}', 'a:0:{i:0;N;}', 'a:1:{i:0;N;i:1;N;}', 'a::{}', 's::"";', 'a:-1:{}', 's:99999999999:"";'],
    [
      'text that ends early',
      '',
      's',
      's:',
      's:1',
      's:1:',
      's:1:"',
      's:1:"a',
      's:1:"a"',
      'i:1',
      'a:1:{',
      'a:1:{i:0;',
      'N',
    ],
    ['more text', 'N;N;', 's:1:"a";x', 'a:0:{} '],
    ['deep nesting', `${'a:1:{i:0;'.repeat(100_000)}N;${'}'.repeat(100_000)}`],
  ] as const) {
    it(`leave ${what} to the decoder`, () => {
      for (const text of texts) expect(phpToJson(text), text.slice(0, 40)).to.equal(undefined);
    });
  }
});
