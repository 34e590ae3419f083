import { expect } from 'chai';
import { readFileSync } from 'node:fs';

import type { RedisServer } from '../support/redis-server.js';

import { toJson } from '../../src/codecs/json/print.js';
import { serialize } from '../../src/codecs/php/serialize.js';
import { unserialize } from '../../src/codecs/php/unserialize.js';
import { describeThousands } from '../support/php-exchange.js';
import { describeLocks } from '../support/php-locks.js';
import { type PhpPeer, startPhpPeer } from '../support/php-peer.js';
import { type PhpRedisOptions, shareRedis } from '../support/php-redis.js';
import { requireConstant } from '../support/php-requirements.js';
import { share, type Shared, type Traits } from '../support/php-shared.js';
import { SHARED_VALUES, type SharedValue } from '../support/php-values.js';
import { startRedis } from '../support/redis-server.js';

interface Group {
  readonly entries: ReadonlyArray<{ readonly key: string; readonly value_base64: string }>;
}

const { redis: FIXTURE, values_as_json: VALUES } = JSON.parse(
  readFileSync(new URL('../fixtures/laravel12.json', import.meta.url), 'utf8'),
) as { readonly redis: Readonly<Record<string, Group>>; readonly values_as_json: Readonly<Record<string, unknown>> };

const TRAITS: Traits = { bareNumbers: false, countsFromNothing: true, countsInOneStep: true, endlessLock: null };
const SERIALIZERS = [undefined, 'php', 'igbinary', 'json', 'msgpack'] as const;
/** A script compares packed bytes, so both compressors must find the same matches. */
const OWNERS = [
  'owner-16-chars-x',
  '42',
  'ci job #7: "žluť"',
  'aaaaaa',
  'aaaaaaaaaaaaa',
  'runner@web1-web1-web1:4021:4021',
  'a'.repeat(3000),
];
const COMPRESSIONS = [undefined, 'lzf', 'lz4', 'zstd'] as const;

describe('Redis, shared with a Laravel application that sets options of phpredis', () => {
  let php: PhpPeer;
  let server: RedisServer;

  before(async function () {
    php = startPhpPeer(this, 'redis', 'igbinary', 'msgpack', 'Illuminate/Redis');
    server = await startRedis(this);
  });

  afterEach(async () => server.flush());

  after(async () => {
    await server?.stop();
    await php?.stop();
  });

  function describeShared(options: PhpRedisOptions, describeCases: (shared: () => Shared) => void): void {
    share(async (context) => {
      for (const constant of constantsOf(options)) requireConstant(context, constant);
      return shareRedis(php, server, options);
    }, describeCases);
  }

  for (const serializer of SERIALIZERS) {
    describe(`serializer ${serializer ?? 'none'}`, () => {
      for (const compression of COMPRESSIONS) {
        if (serializer === undefined && compression === undefined) continue;
        const options = { serializer, compression };
        describe(`compression ${compression ?? 'none'}`, () => {
          describeShared(options, (shared) => {
            describePackedValues(shared, options);
            if (!isReadBack(options)) return;
            describePackedEntries(shared, options);
            // With msgpack, the peer packs only values.
            if (serializer !== 'msgpack') describePackedOwners(shared);
          });
        });
      }
    });
  }

  describe('locks, through the program, with igbinary and lz4', () => {
    describeShared({ serializer: 'igbinary', compression: 'lz4' }, (shared) => describeLocks(shared, TRAITS));
  });

  describe('thousands of values, with igbinary and zstd', () => {
    describeShared({ serializer: 'igbinary', compression: 'zstd' }, (shared) => describeThousands(shared));
  });

  for (const serializer of ['php', 'igbinary', 'json'] as const) {
    describe(`the peer of these tests, with serializer ${serializer}`, () => {
      describeShared({ serializer }, (shared) => describePeer(shared, FIXTURE[`serializer-${serializer}`]!));
    });
  }
});

function describePackedValues(shared: () => Shared, { serializer }: PhpRedisOptions): void {
  it('reads every value that Laravel puts', async () => {
    const { php, theirs, ours } = shared();
    for (const value of valuesFor(serializer)) {
      const bytes = await php.evaluate(value.php);
      expect(await theirs.put('key', bytes, 600), value.title).to.be.true;
      const read = (await ours.get('key'))!.decode();
      if (serializer === undefined) expect(toJson(read), value.title).to.equal(value.bareJson ?? value.json);
      else if (serializer === 'json') {
        const asJson = await php.evaluate(`json_decode(json_encode(${value.php}), true)`);
        expect(serialize(read).toString('latin1'), value.title).to.equal(asJson.toString('latin1'));
      } else expect(serialize(read).toString('latin1'), value.title).to.equal(bytes.toString('latin1'));
    }
  });
}

function describePackedEntries(shared: () => Shared, { serializer, compression }: PhpRedisOptions): void {
  it('puts every value as Laravel reads its own', async () => {
    const { php, theirs, ours, raw } = shared();
    for (const { php: expression, title } of valuesFor(serializer)) {
      const bytes = await php.evaluate(expression);
      await theirs.put('theirs', bytes, 600);
      await ours.put('ours', unserialize(bytes), 600);
      const [own, given] = await theirs.many(['theirs', 'ours']);
      expect(given!.toString('latin1'), title).to.equal(own!.toString('latin1'));
      // Compressors may find different matches.
      if (compression === undefined) expect(await raw('ours'), title).to.equal(await raw('theirs'));
    }
  });

  it('adds a key once, whoever comes first', async () => {
    const { php, theirs, ours } = shared();
    const list = await php.evaluate('[1, 2]');
    expect(await theirs.add('a', list, 60)).to.be.true;
    expect(await ours.add('a', unserialize(list), 60)).to.be.false;
    expect(serialize((await ours.get('a'))!.decode())).to.deep.equal(list);
    expect(await ours.add('b', unserialize(list), 60)).to.be.true;
    expect(await theirs.add('b', list, 60)).to.be.false;
    expect(await theirs.get('b')).to.deep.equal(list);
  });

  it('shares a counter, which stays a bare number', async () => {
    const { theirs, ours, raw } = shared();
    expect(await theirs.increment('hits', 3)).to.equal(3);
    expect(await ours.increment('hits', 4n)).to.equal(7n);
    expect(await theirs.decrement('hits', 2)).to.equal(5);
    expect(await raw('hits')).to.equal('5');
  });
}

function describePackedOwners(shared: () => Shared): void {
  it('compares packed lock owners', async () => {
    const { theirs, ours } = shared();
    for (const owner of OWNERS) {
      const lock = ours.lock('deploy');
      expect((await theirs.acquire('deploy', 600, owner)).acquired).to.be.true;
      expect((await lock.holder())?.owner).to.equal(owner);
      expect(await lock.acquire('me', 600)).to.be.false;
      expect(await lock.release('me')).to.be.false;
      expect(await lock.release(owner)).to.be.true;

      expect(await lock.acquire(owner, 600)).to.be.true;
      expect((await theirs.acquire('deploy', 600, 'me')).acquired).to.be.false;
      expect(await theirs.owner('deploy')).to.equal(owner);
      expect(await theirs.release('deploy', 'me')).to.be.false;
      expect(await lock.refresh(owner, 300)).to.be.true;
      expect(await theirs.release('deploy', owner)).to.be.true;
    }
  });
}

function describePeer(shared: () => Shared, { entries }: Group): void {
  it('stores the bytes of Laravel 12', async () => {
    const { php, theirs, raw } = shared();
    const compared: string[] = [];
    for (const { key, value_base64: stored } of entries) {
      const name = key.replace('laravel-database-laravel-cache-', '');
      if (name === 'deploy') await theirs.acquire(name, 60, 'owner-16-chars-x');
      else if (Object.hasOwn(VALUES, name) && name !== 'std') {
        const json = Buffer.from(JSON.stringify(VALUES[name])).toString('base64');
        await theirs.put(name, await php.evaluate(`json_decode(base64_decode('${json}'), true)`), 60);
      } else continue;
      expect(await raw(name), name).to.equal(Buffer.from(stored, 'base64').toString('latin1'));
      compared.push(name);
    }

    expect(compared).to.include.members([
      'deploy',
      'empty',
      'false',
      'float',
      'int',
      'map',
      'numstr',
      'sparse',
      'utf8',
    ]);
  });
}

/** phpredis 5.3 cannot read it: it passes decompressed bytes to PHP's JSON parser without the terminating zero. */
function isReadBack({ serializer, compression }: PhpRedisOptions): boolean {
  return serializer !== 'json' || compression === undefined;
}

function constantsOf({ serializer, compression }: PhpRedisOptions): string[] {
  // The peer does what phpredis does with msgpack.
  const names = [
    serializer !== undefined && serializer !== 'msgpack' && `SERIALIZER_${serializer}`,
    compression !== undefined && `COMPRESSION_${compression}`,
  ];
  return names.filter((name) => name !== false).map((name) => `Redis::${name.toUpperCase()}`);
}

/** JSON has no binary strings and no infinity. */
function valuesFor(serializer: PhpRedisOptions['serializer']): SharedValue[] {
  return SHARED_VALUES.filter(({ json }) => serializer !== 'json' || !/^\{"\$(?:base64|float)/.test(json));
}
