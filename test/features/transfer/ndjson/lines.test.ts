import { expect } from 'chai';

import type { Value } from '../../../../src/codecs/value.js';
import type { ValueTransfer } from '../../../../src/features/transfer/entry.js';

import { phpCodec } from '../../../../src/codecs/php/codec.js';
import { serialize } from '../../../../src/codecs/php/serialize.js';
import { unserialize } from '../../../../src/codecs/php/unserialize.js';
import { float, integer, list, NULL, string } from '../../../../src/codecs/value.js';
import { FastLineParser } from '../../../../src/features/transfer/ndjson/fast-line-parser.js';
import { parseLine } from '../../../../src/features/transfer/ndjson/line-parser.js';
import { readLines } from '../../../../src/features/transfer/ndjson/line-reader.js';
import { printLine, printValue } from '../../../../src/features/transfer/ndjson/line-writer.js';
import { CodedEntry } from '../../../../src/stores/entries/coded-entry.js';
import { Random } from '../../../fuzz/random.js';
import { randomValue } from '../../../fuzz/values.js';

const NOW = 1_800_000_000;
const CONTEXT = { now: NOW, ttl: null };

function entry(value: Value, key = 'k'): ValueTransfer {
  return { key, tags: [], ttl: 60, value };
}

function memberOf(line: string): string {
  return Object.keys(JSON.parse(line) as object)[1]!;
}

function fast(line: string) {
  const bytes = Buffer.from(line);
  return new FastLineParser(bytes, CONTEXT).read(0, bytes.length - 1);
}

describe('lines of an export', () => {
  const written: ReadonlyArray<readonly [what: string, value: Value, line: string]> = [
    ['a string', string('žluť "x"\n'), String.raw`"value":"žluť \"x\"\n"`],
    ['an integer of 64 bits', integer(9_223_372_036_854_775_807n), '"value":9223372036854775807'],
    ['a float that is whole', float(1), '"value":1.0'],
    ['nothing', NULL, '"value":null'],
    ['a list', list([integer(1), list([])]), '"value":[1,[]]'],
    ['a map', unserialize(Buffer.from('a:2:{s:1:"b";i:1;i:7;b:1;}')), '"value":{"b":1,"7":true}'],
    ['bytes', string(Buffer.from([0, 255])), '"base64":"AP8="'],
    ['an infinite float', float(Number.POSITIVE_INFINITY), '"php":"d:INF;"'],
    ['an object', unserialize(Buffer.from('O:1:"A":0:{}')), String.raw`"php":"O:1:\"A\":0:{}"`],
    [
      'bytes in an array',
      list([string(Buffer.from([255]))]),
      `"php64":"${Buffer.from('a:1:{i:0;s:1:"\u00FF";}', 'latin1').toString('base64')}"`,
    ],
  ];
  for (const [what, value, content] of written) {
    it(`restore ${what} exactly`, () => {
      const line = printLine(entry(value), NOW);
      expect(line).to.equal(`{"key":"k",${content},"expires":${NOW + 60}}\n`);
      expect(parseLine(line, CONTEXT)).to.deep.equal(entry(value));
    });
  }

  for (const [what, serialized] of [
    ['a key that reads as an integer', 'O:8:"stdClass":1:{s:1:"7";i:1;}'],
    ['a reference', 'a:2:{i:0;a:0:{}i:1;R:2;}'],
    ['a float that was written otherwise', 'd:0.10000000000000001;'],
    ['an enum', 'E:11:"Suit:Hearts";'],
    ['deep nesting', `${'a:1:{i:0;'.repeat(4000)}N;${'}'.repeat(4000)}`],
  ] as const) {
    it(`hold ${what} as PHP has it`, () => {
      const line = printLine(entry(unserialize(Buffer.from(serialized))), NOW);
      expect(JSON.parse(line)).to.include({ php: serialized });
    });
  }

  it('restore any value exactly, in both readers', () => {
    const random = new Random(20_261_125);
    const seen = new Set<string>();
    for (let round = 0; round < 3000; round++) {
      const made = entry(randomValue(random));
      const line = printLine(made, NOW);
      seen.add(memberOf(line));
      expect(parseLine(line, CONTEXT), line).to.deep.equal(made);
      const read = fast(line);
      if (read !== undefined) expect(read, line).to.deep.equal(made);
      const stored = new CodedEntry(serialize(made.value), 60, phpCodec);
      expect(printLine({ ...made, value: printValue(stored) }, NOW)).to.equal(line);
    }

    expect([...seen]).to.include.members(['value', 'base64', 'php']);
  });

  it('use the fast reader if they are plain', () => {
    for (const value of [
      '"text"',
      String.raw`"a\"b\\"`,
      '12',
      '-7',
      '1.5',
      'true',
      '[1,{"a":"b"}]',
      '{"x":[],"y":{}}',
      '{"7":1}',
      '{"a":1,"a":2}',
      '[ 1, 2 ]',
    ]) {
      const line = `{"key":"klíč","value":${value},"expires":null}\n`;
      expect(fast(line), line).to.deep.equal(parseLine(line, CONTEXT));
    }
  });

  it('do not use the fast reader if they are ambiguous', () => {
    for (const line of [
      '{"key":"k","value":"\\ud800","expires":null}\n',
      '{"key":"k","value":01,"expires":null}\n',
      '{"key":"k","value":1 ,"expires":null}\n',
      '{"key":"k","value":"a","expires":null,"tags":["a"]}\n',
      '{"key":"","value":"a","expires":null}\n',
      '{"key":"k","value":"a","expires":null} \n',
      '{"key":"k","value":"a"}\n',
    ]) {
      expect(fast(line), line).to.equal(undefined);
    }
  });

  it('can come in any chunks, with empty lines, without a final newline, and from an offset', async () => {
    const text = '\n{"key":"a","value":"ž"}\r\n\n{"key":"b","value":1,"expires":5}\noops\n{"key":"c","value":[]}';
    const bytes = Buffer.from(text);
    for (let size = 1; size < bytes.length + 1; size++) {
      const keys: string[] = [];
      const bad: number[] = [];
      let expired = 0;
      let end = { offset: 0, lines: 0 };
      for await (const page of readLines(cut(bytes, size), end, null)) {
        keys.push(...page.entries.map(({ key }) => key));
        bad.push(...page.bad.map(({ line }) => line));
        expired += page.expired;
        end = page;
      }

      expect({ keys, bad, expired }).to.deep.equal({ keys: ['a', 'c'], bad: [5], expired: 1 });
      expect(end).to.include({ offset: bytes.length, lines: 6 });
    }

    const start = { offset: 40, lines: 3 };
    for await (const page of readLines(cut(bytes.subarray(bytes.lastIndexOf('\n') + 1), 99), start, 60)) {
      expect(page.entries).to.deep.equal([{ key: 'c', tags: [], ttl: 60, value: list([]) }]);
      expect(page.lines).to.equal(4);
    }
  });

  for (const [line, why] of [
    ['[1]', '"0" is not a member of an entry'],
    ['{"key":"k"}', 'it has no value'],
    ['{"value":1}', 'it has no key'],
    ['{"key":7,"value":1}', 'key is not a string'],
    ['{"key":"","value":1}', 'the key is empty'],
    ['{"key":"k","value":1,"php":"i:1;"}', 'it has both value and php'],
    ['{"key":"k","php":"i:1"}', "php: this is not PHP's serialize() format"],
    ['{"key":"k","base64":"?"}', 'base64 is not valid base64'],
    ['{"key":"k","stored":"AA=="}', 'it has no form'],
    ['{"key":"k","value":1,"ttl":"soon"}', '"soon" is not a duration'],
    ['{"key":"k","value":1,"ttl":0}', 'a TTL of 0 stores nothing'],
    ['{"key":"k","value":1,"ttl":1,"expires":1}', 'it has both expires and ttl'],
    ['{"key":"k","value":1,"expires":"soon"}', 'expires is neither'],
    ['{"key":"k","value":1,"expires":99999999999}', 'expires is more than ten years away'],
    ['{"key":"k","value":1,"tags":"a"}', 'tags is not a list of names'],
    ['{"key":"k","value":1,"colour":"red"}', '"colour" is not a member of an entry'],
  ] as const) {
    it(`are refused as ${line}`, () => {
      expect(() => parseLine(line, CONTEXT)).to.throw(why);
    });
  }

  it('can have a date of expiry or a TTL', () => {
    const time = new Date((NOW + 90) * 1000).toISOString();
    expect(parseLine(`{"key":"k","value":1,"expires":"${time}"}`, CONTEXT)).to.include({ ttl: 90 });
    expect(parseLine('{"key":"k","value":1,"ttl":"10m"}', CONTEXT)).to.include({ ttl: 600 });
    expect(parseLine('{"key":"k","value":1}', { now: NOW, ttl: 7 })).to.include({ ttl: 7 });
    expect(parseLine(`{"key":"k","value":1,"expires":${NOW}}`, CONTEXT)).to.equal(undefined);
  });
});

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
