import { expect } from 'chai';

import { toJson, toPrettyJson } from '../../../src/codecs/json/print.js';
import { unserialize } from '../../../src/codecs/php/unserialize.js';
import { float, integer, list, NULL, string, type Value } from '../../../src/codecs/value.js';

/** What PHP stored, in Latin-1, and how it is printed. */
const PRINTED: ReadonlyArray<readonly [what: string, stored: string, printed: string]> = [
  ['null', 'N;', 'null'],
  ['a boolean', 'b:1;', 'true'],
  ['an integer with all its digits', 'i:9223372036854775807;', '9223372036854775807'],
  ['a float', 'd:3.14;', '3.14'],
  ['a whole float with a fraction', 'd:3;', '3.0'],
  ['a large whole float with a fraction', 'd:1.2345E+20;', '123450000000000000000.0'],
  ['a very large float', 'd:1.0E+25;', '1e+25'],
  ['negative zero', 'd:-0;', '-0.0'],
  ['infinity', 'd:INF;', '{"$float":"INF"}'],
  ['negative infinity', 'd:-INF;', '{"$float":"-INF"}'],
  ['not a number', 'd:NAN;', '{"$float":"NAN"}'],
  ['text', 's:6:"\u00C5\u00BElu\u00C5\u00A5";', '"žluť"'],
  ['bytes that are no text', 's:2:"\u00FF\0";', '{"$base64":"/wA="}'],
  ['an empty array', 'a:0:{}', '[]'],
  ['a list', 'a:2:{i:0;i:1;i:1;a:1:{i:0;N;}}', '[1,[null]]'],
  ['an array with other keys', 'a:2:{i:3;s:1:"x";s:1:"k";N;}', '{"3":"x","k":null}'],
  ['an array that is out of order', 'a:2:{i:1;N;i:0;N;}', '{"1":null,"0":null}'],
  ['a stdClass', 'O:8:"stdClass":1:{s:1:"a";i:1;}', '{"a":1}'],
  ['an empty stdClass', 'O:8:"stdClass":0:{}', '{}'],
  [
    'an object, members named as print_r does',
    'O:9:"App\\Money":4:{s:6:"amount";d:12.5;s:11:"\0*\0currency";s:3:"EUR";s:15:"\0App\\Money\0note";s:1:"x";s:12:"\0Parent\0note";s:1:"y";}',
    String.raw`{"$class":"App\\Money","amount":12.5,"currency:protected":"EUR","note:private":"x","note:Parent:private":"y"}`,
  ],
  ['an object with integer names', 'O:1:"A":1:{i:7;N;}', '{"$class":"A","7":null}'],
  ['a name that is cut short', 'O:1:"A":1:{s:2:"\0*";N;}', String.raw`{"$class":"A","\u0000*":null}`],
  ['an enum', 'E:11:"Suit:Hearts";', '{"$enum":"Suit::Hearts"}'],
  ['a format of its own', 'C:6:"Legacy":3:{a"b}', String.raw`{"$class":"Legacy","$serialized":"a\"b"}`],
  ['such of bytes', 'C:1:"A":1:{\u00FF}', '{"$class":"A","$serialized":{"$base64":"/w=="}}'],
  ['an object that holds itself', 'O:8:"stdClass":1:{s:4:"self";r:1;}', '{"self":{"$ref":"$"}}'],
  ['a reference to a scalar', 'a:2:{i:0;s:1:"x";i:1;R:2;}', '["x","x"]'],
  ['a reference to an enum', 'a:2:{i:0;E:3:"A:B";i:1;r:2;}', '[{"$enum":"A::B"},{"$enum":"A::B"}]'],
  ['a reference to an array', 'a:2:{i:0;a:1:{i:0;i:5;}i:1;R:2;}', '[[5],{"$ref":"$[0]"}]'],
  [
    'a reference by names',
    'a:2:{s:1:"a";a:1:{s:3:"b c";a:0:{}}s:1:"z";R:3;}',
    String.raw`{"a":{"b c":[]},"z":{"$ref":"$.a[\"b c\"]"}}`,
  ],
  [
    'a reference to an object again',
    'a:3:{i:0;O:8:"stdClass":0:{}i:1;r:2;i:2;R:3;}',
    '[{},{"$ref":"$[0]"},{"$ref":"$[0]"}]',
  ],
  [
    'references before and behind a format of its own',
    'a:4:{i:0;i:5;i:1;C:1:"A":4:{i:1;}i:2;R:2;i:3;r:4;}',
    '[5,{"$class":"A","$serialized":"i:1;"},5,{"$ref":null}]',
  ],
];

describe('a value as JSON', () => {
  for (const [what, stored, printed] of PRINTED) {
    it(`prints ${what} as ${printed}`, () => {
      expect(toJson(unserialize(Buffer.from(stored, 'latin1')))).to.equal(printed);
    });
  }

  it('escapes control characters', () => {
    const obeyed = '\u001B[2J\u0007\u007F\u009B\u2028\u202E\u2066';
    const printed = toJson({ type: 'array', entries: [[Buffer.from(obeyed), string(obeyed)]] });
    expect(printed).to.match(/^[ -~]+$/);
    expect(JSON.parse(printed)).to.deep.equal({ [obeyed]: obeyed });
  });

  it('prints a long string once, and refers to it', () => {
    const long = 'x'.repeat(1000);
    const stored = `a:2:{s:1:"k";s:1000:"${long}";i:1;R:2;}`;
    expect(toJson(unserialize(Buffer.from(stored)))).to.equal(`{"k":"${long}","1":{"$ref":"$.k"}}`);
  });

  it('prints the end of a long path', () => {
    const depth = 500;
    const stored = `${'a:1:{s:1:"k";'.repeat(depth)}a:1:{i:0;R:${depth};}${'}'.repeat(depth)}`;
    expect(toJson(unserialize(Buffer.from(stored)))).to.include(`[{"$ref":"$…${'.k'.repeat(100)}`);
  });

  describe('is never disproportionate to the stored bytes', () => {
    const deep = 'a:1:{i:0;'.repeat(4000);
    const close = '}'.repeat(4000);
    const cases: ReadonlyArray<readonly [string, string]> = [
      ['many references to what lies deep', `${deep}${many(4000)}${close}`],
      ['many references to a long string', `a:2:{i:0;s:500000:"${'x'.repeat(500_000)}";i:1;${many(2)}}`],
      ['many references behind a long name', `a:1:{s:500000:"${'x'.repeat(500_000)}";a:1:{i:0;${many(2)}}}`],
      ['much that lies deep', `${deep}a:50000:{${'i:9;N;'.repeat(50_000)}}${close}`],
      ['laughs by the billion', laughs()],
    ];
    for (const [what, stored] of cases) {
      it(what, () => {
        const value = unserialize(Buffer.from(stored));
        expect(toJson(value).length).to.be.below(40 * stored.length);
        expect(toPrettyJson(value).length).to.be.below(40 * stored.length);
      });
    }
  });

  it('does not exhaust the stack at any depth', () => {
    let value: Value = NULL;
    for (let level = 0; level < 100_000; level++) value = list([value]);
    expect(toJson(value)).to.have.lengthOf(200_004);
    expect(toPrettyJson(value)).to.be.a('string');
  });

  describe('for people', () => {
    it('is on one line if it fits', () => {
      const value = unserialize(Buffer.from('a:2:{s:1:"a";a:2:{i:0;i:1;i:1;d:2;}s:1:"b";N;}'));
      expect(toPrettyJson(value)).to.equal('{"a": [1, 2.0], "b": null}');
      expect(toPrettyJson(list([]))).to.equal('[]');
      expect(toPrettyJson(string('x'.repeat(200)))).to.equal(`"${'x'.repeat(200)}"`);
    });

    it('is otherwise indented by two, with small parts on a line each', () => {
      const person = (name: string): Value => ({
        type: 'array',
        entries: [
          [Buffer.from('name'), string(name)],
          [Buffer.from('scores'), list([integer(1), float(2.5)])],
        ],
      });
      expect(toPrettyJson(list([person('Ann'), person('Bob'.repeat(30))]))).to.equal(
        [
          '[',
          '  {"name": "Ann", "scores": [1, 2.5]},',
          '  {',
          `    "name": "${'Bob'.repeat(30)}",`,
          '    "scores": [1, 2.5]',
          '  }',
          ']',
        ].join('\n'),
      );
    });

    it('keeps to 80 columns, including names and commas', () => {
      const entries = Array.from({ length: 60 }, (_, size) => {
        const items = list(Array.from({ length: size }, (_, index) => integer(index)));
        return [Buffer.from(`a rather long name ${size}`), items] as const;
      });
      for (const line of toPrettyJson({ type: 'array', entries }).split('\n')) expect(line).to.have.length.at.most(80);
    });
  });
});

/** An array of references to the same value. */
function many(target: number): string {
  return `a:50000:{${Array.from({ length: 50_000 }, (_, index) => `i:${index};R:${target};`).join('')}}`;
}

/** Each array refers to the previous one ten times. */
function laughs(): string {
  const level = (place: number): string =>
    `a:10:{${Array.from({ length: 10 }, (_, index) => `i:${index};R:${place};`).join('')}}`;
  return `a:1000:{i:0;s:3:"lol";${Array.from({ length: 999 }, (_, index) => `i:${index + 1};${level(index + 2)}`).join('')}}`;
}
