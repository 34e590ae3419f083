import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';

import type { Codec } from '../../../src/codecs/codec.js';
import type { Compression } from '../../../src/codecs/compression/compression.js';
import type { Parser } from '../parser.js';

import { bareNumbers } from '../../../src/codecs/bare-numbers.js';
import { decompress, type PhpMemcachedCompression } from '../../../src/codecs/compression/php-memcached.js';
import { openRedisCompression } from '../../../src/codecs/compression/phpredis.js';
import { toJson, toPrettyJson } from '../../../src/codecs/json/print.js';
import { openCodec, openSerializer } from '../../../src/codecs/open.js';
import { InputError } from '../../../src/errors.js';
import { valueLine } from '../../../src/terminal/value-text.js';
import { valueLimit } from '../../../src/value-limit.js';
import { PHP_TOKENS } from '../mutate.js';

/** The serializers and compressions, with values that Laravel wrote as seeds. */
export async function valueParsers(): Promise<Parser[]> {
  const zstd = await openRedisCompression('zstd');
  return [
    codec(openCodec('php'), seeds('none', 'php'), PHP_TOKENS),
    {
      ...codec(bareNumbers(openCodec('php')), [...seeds('none'), ...texts('42', '-0', '1.0E+25')], PHP_TOKENS),
      name: 'bare',
    },
    codec(openCodec('json'), [...seeds('json'), ...JSON_TEXTS], JSON_TOKENS),
    { ...codec(await openSerializer('json'), [...seeds('json'), ...JSON_TEXTS], JSON_TOKENS), name: 'php-json' },
    codec(await openSerializer('igbinary'), seeds('igbinary'), IGBINARY_TOKENS),
    codec(await openSerializer('msgpack'), [...seeds('msgpack'), ...MSGPACK], MSGPACK_TOKENS),
    redisCompression(await openRedisCompression('lz4')),
    redisCompression(await openRedisCompression('lzf')),
    redisCompression(zstd),
    memcachedCompression('fastlz', 'fastlz'),
    memcachedCompression('zlib', 'zlib'),
    memcachedCompression('zstd', zstd),
  ];
}

function codec({ name, decode, encode }: Codec, inputs: readonly Buffer[], tokens: readonly string[]): Parser {
  return {
    name,
    seeds: inputs,
    tokens,
    parse(bytes) {
      const value = decode(bytes);
      const json = toJson(value);
      expect(JSON.parse(toPrettyJson(value))).to.deep.equal(JSON.parse(json));
      expect(typeof valueLine(value)).to.equal('string');
      let again: Buffer;
      try {
        again = encode(value);
      } catch (error) {
        // What one format holds, its PHP extension may not be able to write.
        expect(error).to.be.an.instanceOf(InputError);
        return;
      }

      // PHP writes the float 1.0 as 1 in JSON.
      if (name === 'json') expect(encode(decode(again))).to.deep.equal(again);
      else expect(toJson(decode(again))).to.equal(json);
    },
  };
}

function redisCompression({ name, compress, decompress: expand }: Compression): Parser {
  return {
    name,
    seeds: [...compressedSeeds('redis', name), ...PLAIN.map((bytes) => compress(bytes)), ...bombs(compress)],
    tokens: COMPRESSED_TOKENS,
    parse(bytes) {
      const content = expand(bytes);
      if (content === undefined) return;
      expect(content.length).to.be.at.most(valueLimit());
      expect((expand(compress(content)) ?? content).equals(content)).to.equal(true);
    },
  };
}

function memcachedCompression(name: string, kind: PhpMemcachedCompression): Parser {
  return {
    name: `memcached-${name}`,
    seeds: [...compressedSeeds('memcached', name), ...(name === 'zlib' ? bombs(framed) : [])],
    tokens: COMPRESSED_TOKENS,
    parse(bytes) {
      expect(decompress(bytes, kind).length).to.equal(bytes.readUInt32LE(0)).and.to.be.at.most(valueLimit());
    },
  };
}

function framed(content: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(content.length);
  return Buffer.concat([length, deflateSync(content)]);
}

/** Small inputs that become large. */
function bombs(compress: (content: Buffer) => Buffer): Buffer[] {
  return [2 ** 20, 2 ** 24].map((length) => compress(Buffer.alloc(length)));
}

interface FixtureGroup {
  readonly serializer: string;
  readonly compression: string;
  readonly entries: ReadonlyArray<{ readonly flags?: number; readonly value_base64?: string }>;
}

type Fixture = Readonly<Record<'memcached' | 'redis', Readonly<Record<string, FixtureGroup>>>>;

const FIXTURES = ['laravel12.json', 'laravel13.json'].map(
  (name) => JSON.parse(readFileSync(new URL(`../../fixtures/${name}`, import.meta.url), 'utf8')) as Fixture,
);

/** Short values that these serializers wrote, uncompressed. */
function seeds(...serializers: readonly string[]): Buffer[] {
  return valuesOf(
    ['redis', 'memcached'],
    ({ serializer, compression }, flags) =>
      serializers.includes(serializer) && (flags === undefined ? compression === 'none' : isPacked(flags, false)),
  ).filter(({ length }) => length < 2000);
}

function compressedSeeds(server: 'memcached' | 'redis', name: string): Buffer[] {
  return valuesOf([server], ({ compression }, flags) => compression === name && isPacked(flags ?? 16, true));
}

/** The flags of php-memcached: 16 is compressed; the type 4 is serialized, 5 igbinary, 6 JSON, 7 msgpack. */
function isPacked(flags: number, isCompressed: boolean): boolean {
  return isCompressed ? (flags & 16) > 0 : (flags & 16) === 0 && (flags & 15) >= 4;
}

function valuesOf(
  servers: ReadonlyArray<'memcached' | 'redis'>,
  isWanted: (group: FixtureGroup, flags: number | undefined) => boolean,
): Buffer[] {
  const found = new Map<string, Buffer>();
  for (const fixture of FIXTURES) {
    for (const group of servers.flatMap((server) => Object.values(fixture[server]))) {
      for (const { flags, value_base64: value } of group.entries) {
        if (value !== undefined && isWanted(group, flags)) found.set(value, Buffer.from(value, 'base64'));
      }
    }
  }

  return [...found.values()];
}

function texts(...all: readonly string[]): Buffer[] {
  return all.map((text) => Buffer.from(text));
}

const PLAIN = [Buffer.alloc(0), Buffer.from('x'), Buffer.from('abcabcabcabc'.repeat(30)), Buffer.alloc(3000, 'ab')];

const JSON_TEXTS = texts('{"a":[1,2.5,true,null,"x"],"__proto__":{"b":1}}', String.raw`["é🐎😀",-0,1e5,{}]`);
const JSON_TOKENS = [
  '{"a":',
  '[1,',
  'null',
  'true',
  '"',
  String.raw`\ud800`,
  String.raw`\u0000`,
  '1e999',
  '"__proto__":',
];
const IGBINARY_TOKENS = [
  '\0\0\0\u0002',
  '\u0014\u0001\u0006\0',
  '\u0016\0\0\0\u0001',
  '\u0011\u0001a',
  '\u000E\0',
  '\u0001\u0001',
  '\u0017\u0008stdClass',
  '\u0025',
  '\u0022\0',
  '\u001A\0',
  '\u001D\u0001a',
];
const MSGPACK = ['81a161c0', '92c0c3', 'cb7ff8000000000000', '82c0a8737464436c617373a16101', 'd9ff', 'c7050101'].map(
  (hex) => Buffer.from(hex, 'hex'),
);
const MSGPACK_TOKENS = [
  '\u0081',
  '\u0091',
  '\u00DD\u007F\u00FF\u00FF\u00FF',
  '\u00DF\u007F\u00FF\u00FF\u00FF',
  '\u00C0',
  '\u00DB\u007F\u00FF\u00FF\u00FF',
  '\u00C7\u0001\u0001',
  '\u0082\u00C0\u0002',
  '\u00A1a',
];
const COMPRESSED_TOKENS = ['\u00E0\u00FF\u0001', '\u0020\0', '\u00FF\u00FF\u00FF\u00FF', '(\u00B5/\u00FD', 'x\u009C'];
