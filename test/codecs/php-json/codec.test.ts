import { expect } from 'chai';

import { phpJsonCodec } from '../../../src/codecs/php-json/codec.js';
import { unserialize } from '../../../src/codecs/php/unserialize.js';
import { float, string, type Value } from '../../../src/codecs/value.js';
import { InputError, UndecodableError } from '../../../src/errors.js';

function written(value: Value): string {
  return phpJsonCodec.encode(value).toString('latin1');
}

function writtenOf(php: string): string {
  return written(unserialize(Buffer.from(php)));
}

describe("PHP's JSON", () => {
  for (const [title, value, json] of [
    ['slashes and angle brackets are escaped', 'a/<b>&\'"\\', String.raw`"a\/\u003Cb\u003E&'\"\\"`],
    ['so is all that is not ASCII', 'ž🐎\u2028', String.raw`"\u017e\ud83d\udc0e\u2028"`],
    ['and what a terminal may obey, but DEL', '\t\u0001\u007F', '"\\t\\u0001\u007F"'],
  ] as const) {
    it(title, () => {
      expect(written(string(value))).to.equal(json);
      expect(phpJsonCodec.decode(Buffer.from(json))).to.deep.equal(string(value));
    });
  }

  it('writes floats like PHP, whole ones as integers', () => {
    const texts = [2, 0.1, -0, 1e25, 1e-7, 1e15, 1e17, -1.5e300].map((value) => written(float(value)));
    expect(texts).to.deep.equal(['2', '0.1', '-0', '1.0e+25', '1.0e-7', '1000000000000000', '1.0e+17', '-1.5e+300']);
  });

  for (const [title, php, json] of [
    ['a list', 'a:2:{i:0;i:1;i:1;b:1;}', '[1,true]'],
    ['an array with keys', 'a:2:{i:1;N;s:1:"a";a:0:{}}', '{"1":null,"a":[]}'],
    ['an object', 'O:8:"DateTime":1:{s:4:"date";O:8:"stdClass":0:{}}', '{"date":{}}'],
    ['references, each as what it refers to', 'a:3:{i:0;i:1;i:1;R:2;i:2;a:1:{i:0;R:2;}}', '[1,1,[1]]'],
  ] as const) {
    it(title, () => {
      expect(writtenOf(php)).to.equal(json);
    });
  }

  it('reads and writes up to 512 levels', () => {
    expect(writtenOf(nested(512))).to.equal('['.repeat(512) + ']'.repeat(512));
    expect(() => writtenOf(nested(513))).to.throw(InputError, '512 levels');
  });

  for (const [title, php, message] of [
    ['an object in itself', 'O:8:"stdClass":1:{s:1:"a";r:1;}', '512 levels'],
    ['what only its class would tell', 'O:5:"Money":1:{s:11:"\0*\0currency";N;}', 'object of class "Money"'],
    ['a case of an enum', 'E:6:"Suit:H";', 'object of class "Suit"'],
    ['infinity', 'd:INF;', 'the float Infinity'],
  ] as const) {
    it(`refuses ${title}`, () => {
      expect(() => writtenOf(php)).to.throw(InputError, message);
    });
  }

  it('refuses bytes that are not UTF-8', () => {
    expect(() => written(string(Buffer.from([0xff])))).to.throw(InputError, 'not UTF-8');
    expect(() => phpJsonCodec.decode(Buffer.from('"\u00FF"', 'latin1'))).to.throw(UndecodableError);
  });
});

function nested(levels: number): string {
  return `${'a:1:{i:0;'.repeat(levels - 1)}a:0:{}${'}'.repeat(levels - 1)}`;
}
