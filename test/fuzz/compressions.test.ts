import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import type { Compression } from '../../src/codecs/compression/compression.js';
import type { MemcachedServer } from '../support/memcached-server.js';
import type { RedisServer } from '../support/redis-server.js';

import { compress, decompress, type PhpMemcachedCompression } from '../../src/codecs/compression/php-memcached.js';
import { openRedisCompression } from '../../src/codecs/compression/phpredis.js';
import { UndecodableError } from '../../src/errors.js';
import { startMemcached } from '../support/memcached-server.js';
import { requireConstant, requirePhp } from '../support/php-requirements.js';
import { startRedis } from '../support/redis-server.js';
import { mutated } from './mutate.js';
import { Random, rounds, SEED } from './random.js';
import { longText, randomText } from './texts.js';

const REDIS = ['lz4', 'lzf', 'zstd'] as const;
const MEMCACHED = ['fastlz', 'zlib'] as const;

describe(`compressions with random input (seed ${SEED})`, () => {
  let random: Random;

  beforeEach(() => {
    random = new Random(SEED);
  });

  for (const name of REDIS) {
    it(`${name}: decompresses what it compressed`, async () => {
      const { compress, decompress } = await openRedisCompression(name);
      for (const bytes of someTexts(random)) expectSame(decompress(compress(bytes)) ?? bytes, bytes);
    });

    it(`${name}: decompresses damaged bytes within proportion, or refuses them`, async () => {
      const compression = await openRedisCompression(name);
      for (let round = 0; round < rounds(1000); round++)
        expectBounded(compression, spoiled(compression.compress, random));
    });
  }

  for (const kind of MEMCACHED) {
    it(`${kind}: decompresses what it compressed`, () => {
      for (const bytes of someTexts(random)) {
        const packed = compress(bytes, kind);
        if (packed) expectSame(decompress(packed, kind), bytes);
      }
    });

    it(`${kind}: decompresses damaged bytes to the claimed length, or refuses them`, () => {
      for (let round = 0; round < rounds(1000); round++) {
        const bytes = spoiled((text) => compress(Buffer.concat([text, Buffer.alloc(3000)]), kind)!, random);
        try {
          expect(decompress(bytes, kind).length).to.equal(bytes.readUInt32LE(0));
        } catch (error) {
          expect(error).to.be.an.instanceOf(UndecodableError);
          expect((error as UndecodableError).offset).to.be.within(0, bytes.length);
        }
      }
    });
  }
});

describe(`compressions against PHP's, with random input (seed ${SEED})`, () => {
  let php = '';
  let redis: RedisServer;
  let memcached: MemcachedServer;
  let random: Random;

  before(async function () {
    php = requirePhp(this, 'memcached', 'redis');
    for (const name of REDIS) requireConstant(this, `Redis::COMPRESSION_${name.toUpperCase()}`);
    redis = await startRedis(this);
    memcached = await startMemcached(this);
  });

  beforeEach(() => {
    random = new Random(SEED);
  });

  after(async () => {
    await redis?.stop();
    await memcached?.stop();
  });

  function ask(job: `un-${string}` | string, questions: readonly Buffer[]): Buffer[] {
    const script = fileURLToPath(new URL('compressions.php', import.meta.url));
    const run = spawnSync(php, [script, String(redis.port), String(memcached.port)], {
      input: questions.map((question) => `${job} ${question.toString('base64')}\n`).join(''),
      encoding: 'latin1',
      maxBuffer: 2 ** 28,
      timeout: 60_000,
    });
    const answers = run.stdout.split('\n').slice(0, -1);
    if (run.status !== 0 || answers.length !== questions.length)
      throw new Error(`php: ${run.stderr}${run.stdout.slice(-300)}`);
    return answers.map((answer) => Buffer.from(answer, 'base64'));
  }

  for (const name of REDIS) {
    it(`${name}: exchanges compressed bytes with phpredis`, async () => {
      const { compress, decompress } = await openRedisCompression(name);
      const texts = someTexts(random);
      const theirs = ask(name, texts);
      for (const [index, text] of texts.entries()) expectSame(decompress(theirs[index]!) ?? theirs[index]!, text);
      const read = ask(
        `un-${name}`,
        texts.map((text) => compress(text)),
      );
      for (const [index, text] of texts.entries()) expectSame(read[index]!, text);
    });
  }

  for (const name of ['lz4', 'lzf'] as const) {
    it(`${name}: compresses less than 64 KiB to phpredis's bytes, as lock owners require`, async () => {
      const { compress } = await openRedisCompression(name);
      const texts = someTexts(random).filter(({ length }) => length < 2 ** 16);
      for (const [index, bytes] of ask(name, texts).entries()) expectSame(compress(texts[index]!), bytes);
    });
  }

  it('zstd: phpredis reads a large value that was compressed in parts', async () => {
    const { compress, decompress } = await openRedisCompression('zstd');
    const large = Buffer.concat(Array.from({ length: 12 }, () => longText(random)));
    expect(large.length).to.be.greaterThan(2 ** 20);
    expectSame(ask('un-zstd', [compress(large)])[0]!, large);
    expectSame(decompress(compress(large))!, large);
  });

  for (const kind of MEMCACHED) {
    it(`${kind}: exchanges compressed bytes with php-memcached`, () => {
      const texts = someTexts(random);
      const theirs = ask(kind, texts);
      for (const [index, text] of texts.entries()) {
        if (theirs[index]!.length > 0) expectSame(decompress(theirs[index]!, kind), text);
      }

      const packed = packedOf(texts, kind);
      const read = ask(
        `un-${kind}`,
        packed.map(({ bytes }) => bytes),
      );
      for (const [index, { text }] of packed.entries()) expectSame(read[index]!, text);
      expect(packed.length).to.be.greaterThan(20);
    });
  }

  it('zlib: compresses exactly the values that php-memcached compresses', () => {
    const texts = someTexts(random);
    const theirs = ask('zlib', texts);
    for (const [index, text] of texts.entries()) {
      expect(compress(text, 'zlib') === undefined).to.equal(theirs[index]!.length === 0);
    }
  });
});

function someTexts(random: Random): Buffer[] {
  return [
    ...Array.from({ length: 300 }, () => randomText(random)),
    ...Array.from({ length: 6 }, () => longText(random)),
  ];
}

function packedOf(texts: readonly Buffer[], kind: PhpMemcachedCompression): Array<{ text: Buffer; bytes: Buffer }> {
  const packed: Array<{ text: Buffer; bytes: Buffer }> = [];
  for (const text of texts) {
    const bytes = compress(text, kind);
    if (bytes) packed.push({ text, bytes });
  }

  return packed;
}

function spoiled(compress: (text: Buffer) => Buffer, random: Random): Buffer {
  return mutated(compress(randomText(random).subarray(0, 400)), random);
}

function expectSame(one: Buffer, other: Buffer): void {
  // chai would print long bytes in full.
  if (!one.equals(other)) expect(one.toString('hex').slice(0, 400)).to.equal(other.toString('hex').slice(0, 400));
  expect(one.equals(other)).to.be.true;
}

function expectBounded({ decompress }: Compression, bytes: Buffer): void {
  try {
    const length = decompress(bytes)?.length ?? 0;
    expect(length).to.be.at.most(2 ** 17 * (1 + bytes.length));
  } catch (error) {
    expect(error).to.be.an.instanceOf(UndecodableError);
  }
}
