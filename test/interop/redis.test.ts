import { expect } from 'chai';
import { readFileSync } from 'node:fs';

import type { RedisServer } from '../support/redis-server.js';

import { cachectl } from '../support/cli.js';
import { startRedis } from '../support/redis-server.js';

interface FixtureEntry {
  readonly key: string;
  readonly ttl: number;
  readonly value_base64?: string;
  readonly members?: ReadonlyArray<readonly [string, number]>;
}

interface Fixture {
  readonly redis: { readonly default: { readonly entries: readonly FixtureEntry[] } };
  readonly values_as_json: Readonly<Record<string, unknown>>;
}

const { redis, values_as_json: VALUES } = JSON.parse(
  readFileSync(new URL('../fixtures/laravel12.json', import.meta.url), 'utf8'),
) as Fixture;
const { entries } = redis.default;
const PREFIX = 'laravel-database-laravel-cache-';

function stored(key: string): Buffer {
  return Buffer.from(entries.find((entry) => entry.key === PREFIX + key)!.value_base64!, 'base64');
}

describe('what a Laravel 12 application stored in Redis', () => {
  let server: RedisServer;
  const run = async (command: string, ...rest: string[]) => {
    const url = `${server.url}?connectionPrefix=laravel-database-&prefix=laravel-cache-`;
    return cachectl([command, '--url', url, ...rest]);
  };

  before(async function () {
    server = await startRedis(this);
  });

  beforeEach(async () => {
    await server.flush();
    for (const { key, ttl, value_base64: value, members } of entries) {
      if (value === undefined) {
        for (const [member, score] of members ?? []) await server.client.zadd(key, score, member);
      } else {
        await server.client.set(key, Buffer.from(value, 'base64'));
      }

      if (ttl > 0) await server.client.expire(key, ttl);
    }
  });

  after(async () => server?.stop());

  it('is byte for byte the same after export and import, with tags and TTLs', async () => {
    const exported = await run('export');
    expect(exported, exported.err).to.include({ code: 0 });
    const url = `${server.url}?connectionPrefix=laravel-database-&prefix=laravel-cache-`;
    await server.flush();
    const imported = await cachectl(['import', '-', '--url', url], { input: exported.out });
    expect(imported, imported.err).to.include({ code: 0 });
    for (const { key, ttl, value_base64: value, members } of entries) {
      if (value === undefined) {
        const there = await server.client.zrange(key, '0', '-1');
        for (const [member] of members ?? []) {
          const isThere = entries.some((entry) => entry.key === PREFIX + member);
          if (isThere) expect(there, key).to.include(member);
        }
      } else if (exported.out.includes(`{"key":${JSON.stringify(shortOf(key))},`)) {
        expect((await server.client.getBuffer(key))?.toString('base64'), key).to.equal(value);
        const left = await server.client.ttl(key);
        if (ttl > 0) expect(left, key).to.be.within(ttl - 30, ttl + 1);
        else expect(left, key).to.equal(-1);
      } else expect(exported.err).to.include('lock');
    }
  });

  for (const [key, value] of Object.entries(VALUES)) {
    it(`reads ${key}`, async () => {
      const { code, out } = await run('get', key, '--json');
      expect(code).to.equal(0);
      expect(JSON.parse(out)).to.deep.include({ key, hit: true, value });
    });

    // JSON has no stdClass: `put --as json` stores an array, like PHP's json_decode.
    if (key === 'std') continue;
    it(`writes ${key} as Laravel did`, async () => {
      await server.client.del(PREFIX + key);
      const isString = typeof value === 'string';
      await run('put', key, ...(isString ? [value] : [`--as=json`, '--', JSON.stringify(value)]));
      expect((await server.client.getBuffer(PREFIX + key))?.toString('base64')).to.equal(
        stored(key).toString('base64'),
      );
    });
  }

  it('reads a string bare and a structure as JSON', async () => {
    expect((await run('get', 'utf8')).out).to.equal('žluťoučký 🐎\n');
    expect((await run('get', 'sparse')).out).to.equal('{"3": "x", "7": "y"}\n');
    expect((await run('get', 'map')).out.split('\n').slice(0, 3)).to.deep.equal(['{', '  "name": "Ann",', '  "n": 3,']);
  });

  it('shows values that only PHP has: objects, enums, cycles, INF', async () => {
    const { out } = await run('get', 'obj', 'enum', 'cyclic', 'inf', 'binary');
    expect(out.split('\n')).to.deep.equal([
      'obj\t{"$class":"Money","amount":12.5,"currency:protected":"EUR","note:private":"x"}',
      'enum\t{"$enum":"Suit::Hearts"}',
      'cyclic\t{"self":{"$ref":"$"}}',
      'inf\t{"$float":"INF"}',
      'binary\t{"$base64":"AP/+gGJpbg=="}',
      '',
    ]);
  });

  it('has the TTL, and null for never', async () => {
    const { out } = await run('get', 'str', 'forever', '--json');
    const [str, forever] = JSON.parse(out) as Array<{ ttl: null | number }>;
    expect(str!.ttl).to.be.within(3590, 3600);
    expect(forever!.ttl).to.equal(null);
  });

  it('reads tagged entries by their tags', async () => {
    expect((await run('get', 'John', '--tags', 'people,artists')).out).to.equal('john\n');
    expect((await run('get', 'Anne', '--tags', 'people,authors')).out).to.equal('anne\n');
    expect((await run('get', 'Zed', 'hits', '--tags', 'people')).out).to.equal('Zed\tzed\nhits\t2\n');
  });

  it('writes a tagged entry where Laravel does, and lists it in the sets of its tags', async () => {
    await server.flush();
    await run('put', 'John', 'john', '--tags', 'people,artists', '--ttl', '1h');
    const item = '67a10cb892b135ed0c0aeda0ccf2afea4f0c7855:John';
    expect(await server.client.get(PREFIX + item)).to.equal('s:4:"john";');
    const expiry = Number(await server.client.zscore(`${PREFIX}tag:people:entries`, item));
    expect(expiry - Date.now() / 1000).to.be.within(3500, 3601);
    expect(await server.client.zrange(`${PREFIX}tag:artists:entries`, '0', '-1')).to.deep.equal([item]);
  });

  it('tags:flush people removes John, Anne, Zed and hits, and nothing else', async () => {
    const before = new Set(await server.client.keys('*'));
    expect((await run('tags:flush', 'people', '--yes')).out).to.equal('removed 4 entries\n');
    const after = new Set(await server.client.keys('*'));
    const gone = [...before].filter((key) => !after.has(key)).map((key) => key.replace(/^.*:/, ''));
    // The set of `people` is empty now, and Redis has no empty sets.
    expect(gone.sort()).to.deep.equal(['Anne', 'John', 'Zed', 'entries', 'hits']);
    expect(after.has(`${PREFIX}tag:artists:entries`)).to.equal(true);
  });

  it('is excluded by a lock of the application, and names its holder', async () => {
    const { code, err } = await run('lock:acquire', 'deploy', '--ttl', '60');
    expect(code).to.equal(1);
    expect(err).to.match(/^deploy is held by owner-16-chars-x, for another (10m|9m 5\ds)\n$/);
    expect((await run('lock:acquire', 'forever-lock', '--ttl', '60')).err).to.equal(
      'forever-lock is held by AbCdEfGhIjKlMnOp, and it never expires\n',
    );
  });

  it('releases a lock of the application for its owner', async () => {
    expect((await run('lock:release', 'deploy', '--owner', 'owner-16-chars-x')).code).to.equal(0);
    expect(await server.client.exists(`${PREFIX}deploy`)).to.equal(0);
  });

  it('lists the tags and their members', async () => {
    const sets = entries.filter(({ members }) => members !== undefined);
    const names = sets.map(({ key }) => key.slice(`${PREFIX}tag:`.length, -':entries'.length));
    const tags = JSON.parse((await run('tags:list', '--json')).out) as Array<{ name: string }>;
    expect(tags.map(({ name }) => name)).to.have.members(names);
    for (const [index, name] of names.entries()) {
      const members = JSON.parse((await run('tags:show', name, '--json')).out) as Array<
        Readonly<{ key: string; tags: string[]; ordered: boolean; listedKey: string; stale: boolean }>
      >;
      expect(members.map(({ listedKey }) => listedKey)).to.have.members(
        sets[index]!.members!.map(([member]) => member),
      );
      for (const { key, tags: carried, ordered, stale } of members) {
        expect(ordered, key).to.be.true;
        expect((await run('get', key, '--tags', carried.join(','))).code).to.equal(stale ? 1 : 0);
      }
    }
  });

  it('prunes the members that cache:prune-stale-tags would prune', async () => {
    // Same as ZREMRANGEBYSCORE 0 now: the members that the fixture says have expired, and none that never expires.
    const now = Math.floor(Date.now() / 1000);
    const expected = new Map<string, string[]>();
    for (const { key, members = [] } of entries.filter((entry) => entry.members !== undefined)) {
      const left = members.filter(([, score]) => score < 0 || score > now).map(([member]) => member);
      if (left.length > 0) expected.set(key, left);
    }

    expect((await run('tags:prune')).code).to.equal(0);
    for (const key of await server.client.keys(`${PREFIX}tag:*`)) {
      expect(await server.client.zrange(key, '0', '-1')).to.have.members(expected.get(key) ?? []);
      expected.delete(key);
    }

    expect([...expected]).to.deep.equal([]);
  });
});

/** Without prefixes and tag hashes. */
function shortOf(key: string): string {
  return key.slice(PREFIX.length).replace(/^[\da-f]{40}:/, '');
}
