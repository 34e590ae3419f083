import { expect } from 'chai';

import { toJson } from '../../src/codecs/json/print.js';
import { serialize } from '../../src/codecs/php/serialize.js';
import { unserialize } from '../../src/codecs/php/unserialize.js';
import { string } from '../../src/codecs/value.js';
import { type MemcachedServer, startMemcached } from '../support/memcached-server.js';
import { describeCounters, describeEntries, describeThousands, describeValues } from '../support/php-exchange.js';
import { describeLocks } from '../support/php-locks.js';
import { type PhpMemcachedOptions, PREFIX, shareMemcached } from '../support/php-memcached.js';
import { type PhpPeer, startPhpPeer } from '../support/php-peer.js';
import { share, type Shared, type Traits } from '../support/php-shared.js';
import { describeTags } from '../support/php-tags.js';
import { SHARED_VALUES } from '../support/php-values.js';

const TRAITS: Traits = { bareNumbers: false, countsFromNothing: false, countsInOneStep: true, endlessLock: null };

describe('Memcached, shared with a Laravel application', () => {
  let php: PhpPeer;
  const servers: MemcachedServer[] = [];

  before(async function () {
    php = startPhpPeer(this, 'memcached', 'igbinary', 'msgpack');
    // An option makes each a separate server.
    while (servers.length < 3) servers.push(await startMemcached(this, '-m', '64'));
  });

  afterEach(async () => {
    await Promise.all(servers.map(async (server) => server.flush()));
  });

  after(async () => {
    await Promise.all(servers.map(async (server) => server.stop()));
    await php?.stop();
  });

  function describeShared(options: PhpMemcachedOptions, describeCases: (shared: () => Shared) => void): void {
    share(async () => shareMemcached(php, servers.slice(0, 1), options), describeCases);
  }

  describe('values', () => describeShared({}, (shared) => describeValues(shared, TRAITS)));

  describe('thousands of values', () => describeShared({}, describeThousands));

  describe('entries', () => describeShared({}, describeEntries));

  describe('counters', () => describeShared({}, (shared) => describeCounters(shared, TRAITS)));

  describe('locks', () => describeShared({}, (shared) => describeLocks(shared, TRAITS)));

  describe('tags', () => describeShared({}, describeTags));

  for (const serializer of ['php', 'igbinary', 'json', 'msgpack'] as const) {
    for (const compression of ['fastlz', 'zlib', 'none'] as const) {
      const options = { serializer, compression };
      describe(`serializer ${serializer}, compression ${compression}`, () => {
        describeShared(options, (shared) => describePacked(shared, options));
      });
    }
  }

  for (const distribution of ['modulo', 'ketama'] as const) {
    describe(`three servers, ${distribution}`, () => {
      share(async () => shareMemcached(php, servers, { distribution }), describeKeysOn(servers));
    });
  }

  describe('three servers, ketama by weights', () => {
    const options = { distribution: 'ketama', weights: [1, 2, 5] } as const;
    share(async () => shareMemcached(php, servers, options), describeKeysOn(servers));
  });
});

function describePacked(shared: () => Shared, { serializer }: PhpMemcachedOptions): void {
  it('reads every value that Laravel puts', async () => {
    const { php, theirs, ours } = shared();
    for (const { title, php: expression, json } of SHARED_VALUES) {
      const bytes = await php.evaluate(expression);
      expect(await theirs.put('key', bytes, 600), title).to.be.true;
      const read = (await ours.get('key'))!.decode();
      if (serializer === 'json') expect(toJson(read), title).to.equal(toJson(unserialize(await theirs.get('key'))));
      else expect(toJson(read), title).to.equal(json);
    }
  });

  it('puts every value as Laravel reads its own', async () => {
    const { php, theirs, ours, raw } = shared();
    for (const { title, php: expression } of SHARED_VALUES) {
      const bytes = await php.evaluate(expression);
      await theirs.put('theirs', bytes, 600);
      await ours.put('ours', unserialize(bytes), 600);
      expect((await theirs.get('ours')).toString('latin1'), title).to.equal(
        (await theirs.get('theirs')).toString('latin1'),
      );
      expect(await raw('ours'), title).to.equal(await raw('theirs'));
    }
  });

  it('agrees with Laravel on what is compressed', async () => {
    const { theirs, ours, raw } = shared();
    for (const length of [1990, 1999, 2000, 2001, 2010, 100_000]) {
      const value = string('abcdefghij'.repeat(length / 10 + 1).slice(0, length));
      await theirs.put('theirs', serialize(value), 600);
      await ours.put('ours', value, 600);
      expect(await raw('ours'), String(length)).to.equal(await raw('theirs'));
      expect((await ours.get('theirs'))!.decode()).to.deep.equal(value);
      expect(await theirs.get('ours')).to.deep.equal(serialize(value));
    }
  });
}

/** Thousands of keys; each side must find them on the same server. */
function describeKeysOn(servers: readonly MemcachedServer[]): (shared: () => Shared) => void {
  const keys = Array.from({ length: 5000 }, (_, index) => (index % 5 === 0 ? `žlutý:${index}` : `users:${index}:name`));
  const pages = Array.from({ length: 10 }, (_, index) => keys.slice(index * 500, (index + 1) * 500));

  return (shared) => {
    it('finds every key that php-memcached writes', async () => {
      const { theirs, ours, run } = shared();
      for (const page of pages) {
        expect(
          await theirs.putMany(
            page.map((key) => [key, serialize(string(key))] as const),
            600,
          ),
        ).to.be.true;
      }

      for (const page of pages) {
        const readings = await ours.many(page);
        for (const [index, key] of page.entries()) {
          const reading = readings[index];
          if (reading === undefined || reading instanceof Error) throw reading ?? new Error(`${key} is not there`);
          expect(reading.decode()).to.deep.equal(string(key));
        }
      }

      const { code, out } = await run(['get', 'users:7:name', 'users:77:name', 'žlutý:775']);
      expect({ code, lines: out.split('\n').length }).to.deep.equal({ code: 0, lines: 4 });
    });

    it('writes every key where php-memcached finds it', async () => {
      const { theirs, ours } = shared();
      expect(await ours.putMany(keys.map((key) => ({ key, value: string(key), ttl: 600 })))).to.equal(keys.length);
      for (const page of pages) {
        expect((await theirs.many(page)).map(String)).to.deep.equal(
          page.map((key) => serialize(string(key)).toString()),
        );
      }
    });

    it('spreads keys over all servers', async () => {
      await shared().ours.putMany(keys.map((key) => ({ key, value: string(key), ttl: 600 })));
      const counts = await Promise.all(servers.map(async (server) => heldBy(server, keys)));
      expect(Math.min(...counts)).to.be.above(0);
      expect(counts.reduce((sum, count) => sum + count)).to.equal(keys.length);
    });

    it('puts and flushes tags whose ids are on different servers, on either side', async () => {
      const { theirs, ours } = shared();
      const tags = Array.from({ length: 20 }, (_, index) => `tag-${index}`);
      await theirs.tags(tags).put('theirs', serialize(string('a')), 600);
      await ours.tags(tags).put('ours', string('b'), 600);
      expect((await ours.tags(tags).get('theirs'))?.decode()).to.deep.equal(string('a'));
      expect(await theirs.tags(tags).get('ours')).to.deep.equal(serialize(string('b')));
      await theirs.tags(['tag-7']).flush();
      expect(await ours.tags(tags).get('theirs')).to.be.undefined;
      await theirs.tags(tags).put('theirs', serialize(string('a')), 600);
      await ours.tags(['tag-13']).flush({ dryRun: false });
      expect(String(await theirs.tags(tags).get('theirs'))).to.equal('N;');
    });
  };
}

/** How many of the keys the server holds. Its own count includes items of an earlier `flush_all`. */
async function heldBy(server: MemcachedServer, keys: readonly string[]): Promise<number> {
  const asked = keys.map((key) => `mg ${PREFIX}:${key}\r\n`).join('');
  const answer = await server.say(`${asked}mn`, /MN\r\n$/);
  return answer.match(/^HD\r$/gm)?.length ?? 0;
}
