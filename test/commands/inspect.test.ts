import { expect } from 'chai';

import { cachectl } from '../support/cli.js';
import { onTwoStores } from '../support/places.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

const CREATED = 'illuminate:cache:flexible:created:';

describe('inspect', () => {
  onTwoStores((place, driver) => {
    const isApart = driver === 'sqlite' || driver === 'mongodb';

    it('shows everything about an entry, one fact per line', async () => {
      await place.run(['put', 'users:1', '{"name":"Ann"}', '--as', 'json', '--ttl', '1h']);
      const { code, out, err } = await place.run(['inspect', 'users:1']);
      expect({ code, err }).to.deep.equal({ code: 0, err: '' });
      const facts = factsIn(out);
      expect(facts.get('key')).to.equal('users:1');
      expect(facts.get('storedKey')).to.satisfy((key: string) => key.endsWith('shop-cache-users:1'));
      expect(facts.get('type')).to.equal('array');
      expect(facts.get('codec')).to.equal('php');
      expect(facts.get('size')).to.equal(String('a:1:{s:4:"name";s:3:"Ann";}'.length));
      expect(Number(facts.get('ttl'))).to.be.within(3000, 3600);
      expect(Date.parse(facts.get('expiresAt')!)).to.be.within(Date.now() + 3_580_000, Date.now() + 3_602_000);
      expect(facts.get('value')).to.equal('{"name":"Ann"}');
    });

    it('prints one JSON document, an array for several keys, and exits 1 if one is missing', async () => {
      await place.run(['put', 'n', '42', '--as', 'json']);
      const { code, out } = await place.run(['inspect', 'n', 'none', '--json']);
      expect(code).to.equal(1);
      const [n, none] = JSON.parse(out);
      expect(n).to.include({ key: 'n', hit: true, value: 42, type: 'integer', ttl: null, expiresAt: null });
      expect(n).to.include({ listedKey: 'n', codec: driver === 'sqlite' ? 'php' : 'number' });
      expect(none).to.include({ key: 'none', hit: false }).and.not.to.include.any.keys('value', 'type');
      expect((await place.run(['inspect', 'none'])).err).to.include('none is not in the cache');
    });

    it('finds tagged entries, and names the tags of a near miss', async () => {
      await place.run(['put', 'John', 'hello', '--tags', 'people,artists']);
      const found = JSON.parse((await place.run(['inspect', 'John', '--tags', 'people,artists', '--json'])).out);
      expect(found).to.deep.include({ hit: true, value: 'hello', tags: ['people', 'artists'], ordered: true });
      expect(factsIn((await place.run(['inspect', found.listedKey])).out).get('value')).to.equal('hello');
      const other = await place.run(['inspect', 'John', '--tags', 'artists,people']);
      expect(other.code).to.equal(1);
      expect(factsIn(other.out).get('elsewhere.0')).to.equal('people,artists');
      expect((await place.run(['inspect', 'John'])).code).to.equal(1);
    });

    it('shows a lock, and how it was recognized', async () => {
      const owner = (await place.run(['lock:acquire', 'deploy', '--ttl', '10m'])).out.trimEnd();
      const { code, out } = await place.run(['inspect', 'deploy', '--json']);
      const { hit, lock, lockApart } = JSON.parse(out);
      if (isApart) {
        expect({ code, hit }).to.deep.equal({ code: 1, hit: false });
        expect(lockApart).to.include({ name: 'deploy', owner, family: 'cachectl' });
      } else {
        expect({ code, hit }).to.deep.equal({ code: 0, hit: true });
        expect(lock).to.include({ owner, family: 'cachectl', detectedBy: 'cachectl-owner' });
      }
    });

    it('shows the output of a command that remember stored', async () => {
      expect((await place.run(['remember', 'date', '--ttl', '1m', '--cache-failures', '--', 'false'])).code).to.equal(
        1,
      );
      const { out } = await place.run(['inspect', 'date']);
      expect(factsIn(out).get('remembered.exitCode')).to.equal('1');
      const { remembered } = JSON.parse((await place.run(['inspect', 'date', '--json'])).out);
      expect(remembered).to.deep.equal({ exitCode: 1 });
    });

    it('shows a rate limiter by its timer, and a flexible entry by its created time', async () => {
      await place.run(['put', 'login|1.2.3.4', '3', '--as', 'json']);
      await place.run(['put', 'login|1.2.3.4:timer', '4102444800', '--as', 'json']);
      await place.run(['put', 'report', 'made']);
      await place.run(['put', `${CREATED}report`, '1700000000', '--as', 'json']);
      const limiter = { key: 'login|1.2.3.4', attempts: 3, resetsAt: '2100-01-01T00:00:00.000Z' };
      for (const key of ['login|1.2.3.4', 'login|1.2.3.4:timer']) {
        expect(JSON.parse((await place.run(['inspect', key, '--json'])).out).rateLimiter).to.deep.equal(limiter);
      }

      const flexible = { key: 'report', createdAt: '2023-11-14T22:13:20.000Z' };
      const report = JSON.parse((await place.run(['inspect', 'report', '--json'])).out);
      expect(report).to.deep.include({ value: 'made', flexible });
      expect(report).not.to.have.property('rateLimiter');
    });

    it('shows everything else about an undecodable entry, with its bytes, and exits 3', async () => {
      await place.run(['put', 'first', '1']);
      await place.plant('broken', Buffer.from('O:3:"x;'));
      const { code, out } = await place.run(['inspect', 'broken']);
      expect(code).to.equal(3);
      const facts = factsIn(out);
      expect(facts.get('size')).to.equal('7');
      expect(facts.get('error.message')).to.match(/\S/);
      expect(facts.get('value')).to.equal('4f 3a 33 3a 22 78 3b');
      const document = JSON.parse((await place.run(['inspect', 'broken', '--json'])).out);
      expect(document).to.include({ hit: true, size: 7 }).and.not.to.have.property('value');
      expect(document.error.code).to.equal('undecodable');
    });

    it('shortens a long value, unless the whole is requested', async () => {
      const long = 'žluť '.repeat(10_000);
      await place.run(['put', 'long', '-'], { input: long });
      const short = factsIn((await place.run(['inspect', 'long'])).out).get('value')!;
      expect(short.length).to.be.below(3000);
      expect(factsIn((await place.run(['inspect', 'long', '--full'])).out).get('value')).to.equal(long);
      expect(JSON.parse((await place.run(['inspect', 'long', '--json'])).out).value).to.equal(long);
    });

    it('shows an empty value and binary bytes correctly', async () => {
      await place.run(['put', 'empty', '']);
      await place.run(['put', 'bytes', '-'], { input: Buffer.from([0xff, 0x00, 0x1b, 0x0a, 0x09]) });
      expect(factsIn((await place.run(['inspect', 'empty'])).out).get('value')).to.equal('');
      const lines = (await place.run(['inspect', 'bytes'])).out;
      expect(
        lines
          .split('\n')
          .filter(Boolean)
          .every((line) => line.split('\t').length === 2),
      ).to.be.true;
      expect(factsIn(lines).get('value')).to.equal('{"$base64":"/wAbCgk="}');
    });
  });

  describe('on Redis', () => {
    let redis: RedisServer;
    const run = async (...args: string[]) =>
      cachectl(['inspect', ...args, '--url', `${redis.url}?prefix=cache-&connectionPrefix=db-`]);

    before(async function () {
      redis = await startRedis(this);
    });

    beforeEach(async () => redis.flush());

    after(async () => redis?.stop());

    it('shows the first elements of each other type', async () => {
      await redis.client.rpush('db-cache-list', ...Array.from({ length: 30 }, (_, index) => `item ${index}`));
      await redis.client.sadd('db-cache-set', 'one');
      await redis.client.hset('db-cache-hash', 'name', 'Ann', 'two\nlines', '1');
      await redis.client.zadd('db-cache-zset', 1.5, 'member');
      await redis.client.xadd('db-cache-stream', '1-1', 'field', 'value');
      const { out } = await run('list', 'set', 'hash', 'zset', 'stream', '--json');
      const elements = (JSON.parse(out) as ReadonlyArray<{ elements: readonly unknown[] }>).map(
        (each) => each.elements,
      );
      expect(elements[0]).to.have.length(10).and.include('item 9');
      expect(elements.slice(1)).to.deep.equal([
        ['one'],
        [
          ['name', 'Ann'],
          [String.raw`two\x0alines`, '1'],
        ],
        [['member', '1.5']],
        [['1-1', 'field', 'value']],
      ]);
      const piped = await run('hash');
      expect(piped.out).to.include('elements.0\t["name","Ann"]\n');
    });

    it('shows other types, and near misses', async () => {
      await redis.client.rpush('db-cache-list', 'a', 'b');
      await redis.client.zadd('db-cache-tag:people:entries', -1, 'x');
      await redis.client.set('cache-bare', '1');
      await redis.client.set('db-twice', '1');
      const list = await run('list', '--json');
      expect(list.code).to.equal(3);
      expect(JSON.parse(list.out)).to.deep.include({ hit: true, kind: { type: 'list', length: 2 } });
      const set = JSON.parse((await run('tag:people:entries', '--json')).out);
      expect(set).to.deep.include({ kind: { type: 'zset', length: 1 }, tagKept: 'people' });
      const bare = await run('bare', '--json');
      expect(bare.code).to.equal(1);
      expect(JSON.parse(bare.out).near).to.deep.equal([
        { storedKey: 'cache-bare', difference: 'without the connection prefix' },
      ]);
      expect(JSON.parse((await run('twice', '--json')).out).near[0].storedKey).to.equal('db-twice');
    });

    it('counts no miss, and shows the use before the inspection', async () => {
      await redis.client.set('db-cache-k', 's:1:"v";');
      const misses = async () => /keyspace_misses:(\d+)/.exec(await redis.client.info('stats'))?.[1];
      const before = await misses();
      expect((await run('none')).code).to.equal(1);
      expect(factsIn((await run('k')).out).get('value')).to.equal('v');
      expect(await misses()).to.equal(before);
      const { idle, memory, encoding } = JSON.parse((await run('k', '--json')).out);
      expect(idle).to.be.within(0, 30);
      expect(memory).to.be.above(0);
      expect(encoding).to.equal('embstr');
    });

    it('names the tags whose flush would miss the entry', async () => {
      const url = `${redis.url}?prefix=cache-&connectionPrefix=db-`;
      await cachectl(['put', 'k', 'v', '--tags', 'a,b', '--url', url]);
      await redis.client.del('db-cache-tag:b:entries');
      expect(JSON.parse((await run('k', '--tags', 'a,b', '--json')).out).unlisted).to.deep.equal(['b']);
    });
  });
});

/** The last of each name. */
function factsIn(out: string): ReadonlyMap<string, string> {
  return new Map(
    out
      .split('\n')
      .filter(Boolean)
      .map((line) => [line.slice(0, line.indexOf('\t')), line.slice(line.indexOf('\t') + 1)]),
  );
}
