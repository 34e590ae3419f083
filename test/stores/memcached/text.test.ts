import { expect } from 'chai';

import { GarbageError } from '../../../src/stores/memcached/protocol/garbage-error.js';
import { type Answer, AnswerParser } from '../../../src/stores/memcached/protocol/text-parser.js';
import { LargeReplyError } from '../../../src/stores/network/reply-limit.js';

function parsed(...chunks: Buffer[]): Answer[] {
  const parser = new AnswerParser();
  return chunks.flatMap((chunk) => [...parser.push(chunk)]);
}

describe('answers in Memcached’s text protocol', () => {
  const value = Buffer.from('a\r\nEN\r\n\0\u00FF', 'latin1');
  const stream = Buffer.concat([
    Buffer.from(`EN\r\nVA ${value.length} f16 t-1 c7\r\n`),
    value,
    Buffer.from('\r\nVA 0 f0\r\n\r\nkey=a exp=-1\nEND\r\n'),
  ]);
  const answers = [
    { line: 'EN' },
    { line: `VA ${value.length} f16 t-1 c7`, value },
    { line: 'VA 0 f0', value: Buffer.alloc(0) },
    { line: 'key=a exp=-1' },
    { line: 'END' },
  ];

  it('are lines, some followed by a value of any bytes', () => {
    expect(parsed(stream)).to.deep.equal(answers);
  });

  it('are the same for any chunks', () => {
    for (let cut = 1; cut < stream.length; cut++) {
      expect(parsed(stream.subarray(0, cut), stream.subarray(cut))).to.deep.equal(answers);
    }

    expect(parsed(...Array.from(stream, (byte) => Buffer.from([byte])))).to.deep.equal(answers);
  });

  for (const [what, garbage] of [
    ['a line without an end', 'x'.repeat(10_000)],
    ['a value of no length', 'VA x f0\r\n'],
    ['a value that does not end where it was said to', 'VA 2 f0\r\nabc\r\n'],
  ] as const) {
    it(`are not ${what}`, () => {
      expect(() => parsed(Buffer.from(garbage))).to.throw(GarbageError);
      expect(() => parsed(...Array.from(Buffer.from(garbage), (byte) => Buffer.from([byte])))).to.throw(GarbageError);
    });
  }

  it('are refused at a length beyond the limit, before the value arrives', () => {
    expect(() => parsed(Buffer.from('VA 2000000000 f0\r\n'))).to.throw(LargeReplyError);
  });
});
