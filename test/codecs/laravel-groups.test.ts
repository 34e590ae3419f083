import { expect } from 'chai';
import { readFileSync } from 'node:fs';

import type { Codec } from '../../src/codecs/codec.js';
import type { RedisCompression } from '../../src/codecs/compression/phpredis.js';
import type { Value } from '../../src/codecs/value.js';
import type { MemcachedCompression } from '../../src/profiles/profile.js';

import { bareNumbers } from '../../src/codecs/bare-numbers.js';
import { compress, decompress } from '../../src/codecs/compression/php-memcached.js';
import { openRedisCompression } from '../../src/codecs/compression/phpredis.js';
import { toJson } from '../../src/codecs/json/print.js';
import { openSerializer } from '../../src/codecs/open.js';
import { phpCodec } from '../../src/codecs/php/codec.js';

interface Entry {
  readonly key: string;
  readonly flags?: number;
  readonly value_base64?: string;
}

interface Group {
  readonly entries: readonly Entry[];
}

const FIXTURE = JSON.parse(readFileSync(new URL('../fixtures/laravel12.json', import.meta.url), 'utf8')) as Record<
  'memcached' | 'redis',
  Readonly<Record<string, Group>>
>;

/** By the key that the application used. */
function entriesOf({ entries }: Group): Map<string, Required<Entry>> {
  return new Map(
    entries
      .filter((entry): entry is Required<Entry> => entry.value_base64 !== undefined)
      .map((entry) => [entry.key.replace(/^.*laravel-cache-/, ''), entry]),
  );
}

function bytesOf({ value_base64: value }: Required<Entry>): Buffer {
  return Buffer.from(value, 'base64');
}

/** Equal values have the same form in PHP's serialize(). */
function serialized(value: Value): string {
  return phpCodec.encode(value).toString('latin1');
}

/** The value of each key, as a PHP expression. */
const MEANT = new Map(
  [...entriesOf(FIXTURE.redis['serializer-php']!)].map(([key, entry]) => [key, bytesOf(entry).toString('latin1')]),
);

describe('what Laravel 12 stores in Redis with options of phpredis', () => {
  describe('serializer igbinary', () => {
    for (const [key, entry] of entriesOf(FIXTURE.redis['serializer-igbinary']!)) {
      it(`reads ${key} like PHP's own serializer, and writes the same bytes from either`, async () => {
        const igbinary = await openSerializer('igbinary');
        const value = igbinary.decode(bytesOf(entry));
        expect(serialized(value)).to.equal(MEANT.get(key));
        for (const same of [value, phpCodec.decode(Buffer.from(MEANT.get(key)!, 'latin1'))]) {
          expect(igbinary.encode(same).toString('hex')).to.equal(bytesOf(entry).toString('hex'));
        }
      });
    }
  });

  describe('serializer json', () => {
    for (const [key, entry] of entriesOf(FIXTURE.redis['serializer-json']!)) {
      it(`reads ${key}, and writes the same bytes`, async () => {
        const json = await openSerializer('json');
        expect(json.encode(json.decode(bytesOf(entry))).toString()).to.equal(bytesOf(entry).toString());
      });

      // The others lose data, or serialize to something else.
      if (['coll', 'enum', 'obj'].includes(key)) continue;
      it(`writes ${key} the same from PHP's own serializer`, async () => {
        const json = await openSerializer('json');
        const value = phpCodec.decode(Buffer.from(MEANT.get(key)!, 'latin1'));
        expect(json.encode(value).toString()).to.equal(bytesOf(entry).toString());
      });
    }
  });

  for (const name of ['lzf', 'lz4', 'zstd'] as const) {
    describe(`compression ${name}`, () => {
      const meant = entriesOf(FIXTURE.redis.default!);
      for (const [key, entry] of entriesOf(FIXTURE.redis[`compression-${name}`]!)) {
        it(`reads ${key} like the uncompressed value, and can read what it compresses`, async () => {
          await expectCompressed(name, bytesOf(entry), bytesOf(meant.get(key)!));
        });
      }
    });
  }
});

async function expectCompressed(name: RedisCompression, stored: Buffer, plain: Buffer): Promise<void> {
  const compression = await openRedisCompression(name);
  const codec = bareNumbers(phpCodec);
  const unpacked = compression.decompress(stored)!;
  expect(unpacked.toString('latin1')).to.equal(plain.toString('latin1'));
  const packed = compression.compress(codec.encode(codec.decode(unpacked)));
  expect(compression.decompress(packed)!.toString('latin1')).to.equal(plain.toString('latin1'));
  expect(packed.length).to.be.at.most(stored.length + 2);
}

const TYPE = 0x0f;
const COMPRESSED = 16;
const SERIALIZED = 4;

describe('what Laravel 12 stores in Memcached', () => {
  for (const [serializer, compression] of [
    ['php', 'fastlz'],
    ['php', 'zlib'],
    ['igbinary', 'fastlz'],
    ['json', 'fastlz'],
    ['msgpack', 'fastlz'],
  ] as const) {
    describe(`serializer ${serializer}, compression ${compression}`, () => {
      const meant = entriesOf(FIXTURE.memcached['php-fastlz']!);
      for (const [key, entry] of entriesOf(FIXTURE.memcached[`${serializer}-${compression}`]!)) {
        // Strings and numbers, by the flags, are plain text.
        if ((entry.flags & TYPE) < SERIALIZED && (entry.flags & COMPRESSED) === 0) continue;
        it(`reads ${key} like PHP's own serializer, and writes the same bytes`, async () => {
          const codec = (entry.flags & TYPE) < SERIALIZED ? undefined : await openSerializer(serializer);
          const plain = unpacked(entry, compression);
          const own = unpacked(meant.get(key)!, 'fastlz');
          if (!codec) expect(plain.equals(own)).to.be.true;
          else if (serializer === 'json') expectSameJson(codec.decode(plain), own, key);
          else if (serializer === 'msgpack') expect(serialized(codec.decode(plain))).to.equal(inMsgpack(own));
          else expect(serialized(codec.decode(plain))).to.equal(own.toString('latin1'));
          if (codec) expectSameBytes(codec, plain);
          expectPacked(plain, entry, compression);
        });
      }
    });
  }
});

function unpacked(entry: Required<Entry>, compression: Exclude<MemcachedCompression, 'none' | 'zstd'>): Buffer {
  return entry.flags & COMPRESSED ? decompress(bytesOf(entry), compression) : bytesOf(entry);
}

/** It cannot express a reference to a scalar. */
function inMsgpack(own: Buffer): string {
  return own.toString('latin1').replace('a:2:{i:0;i:1;i:1;R:2;}', 'a:2:{i:0;i:1;i:1;i:1;}');
}

function expectSameBytes(codec: Codec, plain: Buffer): void {
  expect(codec.encode(codec.decode(plain)).toString('hex')).to.equal(plain.toString('hex'));
}

/** JSON has no classes, so compare the JSON of both. */
function expectSameJson(value: Value, own: Buffer, key: string): void {
  const hidden: Readonly<Record<string, string>> = { coll: '[1,2]', enum: '"H"', obj: '{"amount":12.5}' };
  const meant = toJson(phpCodec.decode(own)).replace('"$class":"DateTimeImmutable",', '');
  expect(toJson(value)).to.equal(hidden[key] ?? meant);
}

function expectPacked(
  plain: Buffer,
  { flags }: Entry,
  compression: Exclude<MemcachedCompression, 'none' | 'zstd'>,
): void {
  const packed = compress(plain, compression);
  expect(packed !== undefined).to.equal((flags! & COMPRESSED) !== 0);
  if (packed) expect(decompress(packed, compression).equals(plain)).to.be.true;
}
