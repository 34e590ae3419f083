import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

import type { MemcachedProfile } from '../../../src/profiles/profile.js';

import { toJson } from '../../../src/codecs/json/print.js';
import { openCodec } from '../../../src/codecs/open.js';
import { float, integer, string } from '../../../src/codecs/value.js';
import { UndecodableError } from '../../../src/errors.js';
import { floatOf, floatText } from '../../../src/stores/memcached/floats.js';
import { openMemcached } from '../../../src/stores/memcached/store.js';
import { parseForm, Values } from '../../../src/stores/memcached/values.js';
import { hits } from '../../../src/testing/suite/stores.js';
import { memcachedProfile, type MemcachedServer, startMemcached } from '../../support/memcached-server.js';
import { requirePhp } from '../../support/php-requirements.js';

interface Group {
  readonly serializer: MemcachedProfile['serializer'];
  readonly compression: MemcachedProfile['compression'];
  readonly entries: ReadonlyArray<{ readonly key: string; readonly flags: number; readonly value_base64: string }>;
}

interface Fixture {
  readonly memcached: Readonly<Record<string, Group>>;
  readonly values_as_json: Readonly<Record<string, unknown>>;
}

const FIXTURE = JSON.parse(readFileSync(new URL('../../fixtures/laravel12.json', import.meta.url), 'utf8')) as Fixture;
const PREFIX = 'laravel-cache-';

/** Values that PHP itself loses: JSON has no private properties, and msgpack and JSON have no references. */
const LOST = new Set(['coll', 'cyclic', 'date', 'enum', 'inf', 'obj', 'ref', 'sparse', 'std']);

const COMPRESSED = 16;

function item(stored: Buffer, flags: number) {
  return { value: stored, flags, cas: 1n, ttl: null };
}

describe('values as php-memcached stores them', () => {
  for (const [name, { serializer, compression, entries }] of Object.entries(FIXTURE.memcached)) {
    describe(name, () => {
      const values = new Values(openCodec('php'), { serializer, compression });
      // A reader does not need to know the format in advance.
      const others = new Values(openCodec('php'), { serializer: 'php', compression: 'none' });
      const stored = new Map(
        entries.map(({ key, flags, value_base64: value }) => [
          key.slice(PREFIX.length),
          item(Buffer.from(value, 'base64'), flags),
        ]),
      );

      for (const [key, meaning] of Object.entries(FIXTURE.values_as_json)) {
        if (!stored.has(key) || (serializer !== 'php' && LOST.has(key))) continue;
        it(`${key} is read as its value`, async () => {
          const entry = await others.entry(stored.get(key)!);
          expect(JSON.parse(toJson(entry.decode()))).to.deep.equal(meaning);
          expect(entry.stored).to.equal(stored.get(key)!.value);
        });
      }

      for (const [key, held] of stored) {
        // To JSON an enum is the value of its case, a string.
        if (serializer === 'json' && key === 'enum') continue;
        it(`${key} is written back unchanged`, async () => {
          const encode = await values.encoder();
          const value = (await values.entry(held)).decode();
          const { bytes, flags } = encode(value);
          expect(flags).to.equal(held.flags);
          // Compressors may produce different streams for the same content.
          if (flags & COMPRESSED) expect((await values.entry(item(bytes, flags))).decode()).to.deep.equal(value);
          else expect(bytes.toString('latin1')).to.equal(held.value.toString('latin1'));
        });
      }
    });
  }

  it('keep their flags when put as stored bytes, also those of other clients', async () => {
    const values = new Values(openCodec('php'), { serializer: 'php', compression: 'none' });
    const bytes = Buffer.from('any', 'latin1');
    for (const flags of [0, 4, 16, 0xde_ad_be_ef]) {
      const { inForm } = await values.entry(item(bytes, flags));
      expect(parseForm(inForm!())).to.deep.equal({ bytes, flags, length: 3 });
    }
  });

  it('with another codec are its bytes, whatever the flags', async () => {
    const values = new Values(openCodec('json'), { serializer: 'php', compression: 'fastlz' });
    const encode = await values.encoder();
    const long = string('x'.repeat(5000));
    expect(encode(integer(42))).to.deep.equal({ bytes: Buffer.from('42'), flags: 0, length: 2 });
    expect(encode(long)).to.deep.equal({ bytes: Buffer.from(`"${'x'.repeat(5000)}"`), flags: 0, length: 5002 });
    expect((await values.entry(item(Buffer.from('[1]'), 0xff_ff))).decode()).to.deep.include({ type: 'array' });
  });

  it('decremented by a server are read with trailing spaces', async () => {
    const values = new Values(openCodec('php'), { serializer: 'php', compression: 'none' });
    expect((await values.entry(item(Buffer.from('9  '), 1))).decode()).to.deep.equal(integer(9));
  });

  for (const [what, bytes, flags] of [
    ['an integer that is none', '1.5', 1],
    ['an integer beyond 64 bits', '9223372036854775808', 1],
    ['a float that is none', '1,5', 2],
    ['a type that there is not', 'x', 9],
    ['a compression that there is not', 'x', 16],
    ['something else than its serializer writes', 'x', 4],
  ] as const) {
    it(`are not ${what}`, async () => {
      const values = new Values(openCodec('php'), { serializer: 'php', compression: 'none' });
      const entry = await values.entry(item(Buffer.from(bytes), flags));
      expect(() => entry.decode()).to.throw(UndecodableError);
      expect(entry.stored.toString()).to.equal(bytes);
    });
  }
});

describe('floats as php-memcached writes them', () => {
  for (const [value, text] of [
    [0, '0'],
    [-0, '-0'],
    [0.5, '.5'],
    [-1.5, '-1.5'],
    [3.14, '3.14'],
    [0.0001, '.0001'],
    [0.000_01, '1e-05'],
    [100_000, '100000'],
    [1_000_000, '1e+06'],
    [1_234_567, '1234567'],
    [1e25, '1e+25'],
    [1.5e300, '1.5e+300'],
    [5e-324, '5e-324'],
    [0.1 + 0.2, '.30000000000000004'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [Number.NEGATIVE_INFINITY, '-Infinity'],
    [Number.NaN, 'NaN'],
  ] as const) {
    it(`${value} is ${text}`, () => {
      expect(floatText(value)).to.equal(text);
      expect(floatOf(text)).to.deep.equal(value);
    });
  }

  describe('thousands of floats', () => {
    let server: MemcachedServer;

    before(async function () {
      server = await startMemcached(this);
    });

    after(async () => server?.stop());

    it('are written like php-memcached', async function () {
      const php = requirePhp(this, 'memcached');
      const numbers = Array.from({ length: 4000 }, (_, index) => {
        const digits = ((index * 7_919_001) % 1_000_003) / 10 ** (index % 7);
        return digits * 10 ** ((index % 60) - 30) * (index % 2 === 0 ? 1 : -1);
      });
      const script = `$memcached = new Memcached();
$memcached->addServer('127.0.0.1', ${server.port});
foreach (json_decode(stream_get_contents(STDIN)) as $index => $number) $memcached->set("n:$index", (float) $number);`;
      const { stderr, status } = spawnSync(php, ['-r', script], { input: JSON.stringify(numbers), encoding: 'utf8' });
      expect({ stderr, status }).to.deep.equal({ stderr: '', status: 0 });

      const store = openMemcached(memcachedProfile([server.port], 'n:'), openCodec('php'), { timeoutMs: 5000 });
      const entries = await hits(
        store,
        numbers.map((_, index) => String(index)),
      );
      await store.close();
      expect(entries.map((entry) => entry?.stored.toString())).to.deep.equal(
        numbers.map((number) => floatText(number)),
      );
      expect(entries.map((entry) => entry?.decode())).to.deep.equal(numbers.map((number) => float(number)));
    });
  });
});

describe('php-memcached’s zstd', () => {
  const LONG = string(Buffer.from('zstd '.repeat(1000)));

  it('is written with its own flags after the length, if the profile sets them', async () => {
    const values = new Values(openCodec('php'), { compression: 'zstd', serializer: 'igbinary' });
    const encode = await values.encoder();
    const text = encode(LONG);
    expect(text.flags).to.equal(144);
    expect(text.bytes.readUInt32LE(0)).to.equal(5000);
    expect(text.bytes.subarray(4, 8).toString('hex')).to.equal('28b52ffd');
    const list = encode({ type: 'array', entries: [[0n, LONG]] });
    expect(list.flags).to.equal(149);
    expect(encode(string('short')).flags).to.equal(0);
    const other = new Values(openCodec('php'), { compression: 'zstd', serializer: 'php' });
    expect((await other.encoder())({ type: 'array', entries: [[0n, LONG]] }).flags).to.equal(148);
  });

  it('is read with any profile, and named', async () => {
    const encode = await new Values(openCodec('php'), { compression: 'zstd', serializer: 'php' }).encoder();
    const values = new Values(openCodec('php'), { compression: 'fastlz', serializer: 'php' });
    for (const value of [LONG, { type: 'array', entries: [[0n, LONG]] } as const]) {
      const stored = encode(value);
      const read = await values.entry(item(stored.bytes, stored.flags));
      expect(toJson(read.decode())).to.equal(toJson(value));
    }

    const { bytes, flags } = encode(LONG);
    expect(values.formatOf(item(bytes, flags))).to.deep.equal({
      codec: 'string',
      compression: 'zstd',
      plainSize: 5000,
    });
    expect((await values.bareBytes(item(bytes, flags))).length).to.equal(5000);
  });

  it('that is damaged is undecodable', async () => {
    const values = new Values(openCodec('php'), { compression: 'zstd', serializer: 'php' });
    const { bytes, flags } = (await values.encoder())(LONG);
    const cut = await values.entry(item(bytes.subarray(0, -3), flags));
    expect(() => cut.decode()).to.throw(UndecodableError);
  });
});
