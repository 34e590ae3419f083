import { expect } from 'chai';
import { readFileSync } from 'node:fs';

import type { Codec } from '../../src/codecs/codec.js';

import { bareNumbers } from '../../src/codecs/bare-numbers.js';
import { toJson } from '../../src/codecs/json/print.js';
import { openCodec } from '../../src/codecs/open.js';

interface Group {
  readonly entries: ReadonlyArray<{ readonly key: string; readonly type: string; readonly value_base64: string }>;
}

interface Fixture {
  readonly redis: Readonly<Record<'default' | 'serializer-php', Group>>;
  readonly values_as_json: Readonly<Record<string, unknown>>;
}

const FIXTURE = JSON.parse(readFileSync(new URL('../fixtures/laravel12.json', import.meta.url), 'utf8')) as Fixture;
const PREFIX = 'laravel-database-laravel-cache-';
/** The value of a lock is the bare owner, which is no cache value. */
const LOCKS = new Set(['deploy', 'forever-lock']);

/** What a Laravel 12 application stored in Redis, by the key that it used. */
function stored(group: keyof Fixture['redis'], locks: ReadonlySet<string>): Map<string, Buffer> {
  const entries = FIXTURE.redis[group].entries
    .filter(({ key, type }) => type === 'string' && !locks.has(key.slice(PREFIX.length)))
    .map(({ key, value_base64: value }) => [key.slice(PREFIX.length), Buffer.from(value, 'base64')] as const);
  return new Map(entries);
}

/** The values that plain JSON cannot express. */
const OTHERS: Readonly<Record<string, string>> = {
  bigfloat: '1e+25',
  binary: '{"$base64":"AP/+gGJpbg=="}',
  coll: String.raw`{"$class":"Illuminate\\Support\\Collection","items:protected":[1,2],"escapeWhenCastingToString:protected":false}`,
  cyclic: '{"self":{"$ref":"$"}}',
  date: '{"$class":"DateTimeImmutable","date":"2020-01-02 03:04:05.678900","timezone_type":3,"timezone":"UTC"}',
  enum: '{"$enum":"Suit::Hearts"}',
  inf: '{"$float":"INF"}',
  obj: '{"$class":"Money","amount":12.5,"currency:protected":"EUR","note:private":"x"}',
  ref: '[1,1]',
};

const PHP = openCodec('php');

describe('what Laravel 12 stores in Redis', () => {
  describe('by default, numbers bare', () => described(bareNumbers(PHP), stored('default', LOCKS)));

  describe('with the serializer php', () => described(PHP, stored('serializer-php', new Set())));
});

function described(codec: Codec, values: ReadonlyMap<string, Buffer>): void {
  for (const [key, bytes] of values) {
    it(`reads ${key}, and writes the same bytes`, () => {
      expect(codec.encode(codec.decode(bytes)).toString('latin1')).to.equal(bytes.toString('latin1'));
    });
  }

  for (const [key, meaning] of Object.entries(FIXTURE.values_as_json)) {
    it(`reads ${key} as the value that was stored`, () => {
      expect(JSON.parse(toJson(codec.decode(values.get(key)!)))).to.deep.equal(meaning);
    });
  }

  for (const [key, json] of Object.entries(OTHERS)) {
    it(`prints ${key} as ${json}`, () => {
      expect(toJson(codec.decode(values.get(key)!))).to.equal(json);
    });
  }

  it('keeps a numeric string a string', () => {
    expect(toJson(codec.decode(values.get('numstr')!))).to.equal('"0123"');
  });
}
