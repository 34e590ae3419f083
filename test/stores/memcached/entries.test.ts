import { expect } from 'chai';

import type { Store } from '../../../src/stores/contract/store.js';

import { openCodec } from '../../../src/codecs/open.js';
import { boolean, integer, NULL, string } from '../../../src/codecs/value.js';
import { NotANumberError, RefusedError, UsageError } from '../../../src/errors.js';
import { openMemcached } from '../../../src/stores/memcached/store.js';
import { failure, textOf } from '../../../src/testing/suite/stores.js';
import { memcachedProfile, type MemcachedServer, startMemcached } from '../../support/memcached-server.js';

const MONTH = 30 * 24 * 60 * 60;

describe('entries on Memcached', () => {
  let server: MemcachedServer;
  let store: Store;

  before(async function () {
    server = await startMemcached(this);
  });

  beforeEach(() => {
    store = openMemcached(memcachedProfile([server.port], 'p:'), openCodec('php'), { timeoutMs: 10_000 });
  });

  afterEach(async () => {
    await store.close();
    await server.flush();
  });

  after(async () => server?.stop());

  const get = async (key: string) => server.say(`get p:${key}`, /END\r\n$/);

  it('have their types in the flags', async () => {
    await store.put('string', string('42'), 60);
    await store.put('integer', integer(42), 60);
    await store.put('true', boolean(true), 60);
    await store.put('null', NULL, 60);
    expect(await get('string')).to.include('p:string 0 2\r\n42');
    expect(await get('integer')).to.include('p:integer 1 2\r\n42');
    expect(await get('true')).to.include('p:true 3 1\r\n1');
    expect(await get('null')).to.include('p:null 4 2\r\nN;');
  });

  it('live longer than a month on request', async () => {
    await store.put('k', string('v'), 3 * MONTH);
    expect((await store.get('k'))?.ttl).to.be.within(3 * MONTH - 60, 3 * MONTH + 2);
    await store.lock('l').acquire('ann', 2 * MONTH);
    expect((await store.lock('l').holder())?.ttl).to.be.within(2 * MONTH - 60, 2 * MONTH + 2);
    expect(await store.touch('k', MONTH + 1)).to.be.true;
    expect((await store.get('k'))?.ttl).to.be.within(MONTH - 60, MONTH + 3);
  });

  it('expire at once with a TTL in the past', async () => {
    for (const ttl of [0, -1, -3600]) {
      await store.put('k', string('v'), ttl);
      expect(await store.get('k')).to.be.undefined;
      await store.put('touched', string('v'), 60);
      await store.touch('touched', ttl);
      expect(await store.get('touched')).to.be.undefined;
    }
  });

  it("are refused with a TTL beyond Memcached's limit", async () => {
    const error = await failure(store.put('k', string('v'), 3_000_000_000));
    expect(error).to.be.instanceOf(UsageError);
    expect((error as Error).message).to.include('2038');
  });

  it('keep their expiry when incremented repeatedly', async () => {
    // The server cannot count below zero, so the TTL has to be set again.
    await store.put('below', integer(-1), 1000);
    const before = Number(/exp=(\d+)/.exec(await server.say('lru_crawler metadump all', /END\r\n$/))?.[1]);
    for (let time = 0; time < 200; time++) await store.increment('below', -1n);
    const after = Number(/exp=(\d+)/.exec(await server.say('lru_crawler metadump all', /END\r\n$/))?.[1]);
    expect(after).to.equal(before);
    expect(textOf(await store.get('below'))).to.equal('-201');
  });

  it('lose leading spaces when decremented, also those of other clients', async () => {
    await store.put('k', integer(100), null);
    await store.increment('k', -1n);
    expect(await get('k')).to.include('p:k 1 2\r\n99\r\n');
    await store.put('k', integer(100), null);
    await server.say('decr p:k 1');
    expect(await get('k')).to.include('p:k 1 3\r\n99 \r\n');
    expect(await store.increment('k', 1n)).to.equal(100n);
    await server.say('decr p:k 91');
    expect(await store.increment('k', 1n)).to.equal(10n);
    expect(await get('k')).to.include('p:k 1 2\r\n10\r\n');
  });

  it('keep their type when incremented: string or integer', async () => {
    await server.say('set p:s 0 0 2\r\n41');
    await store.increment('s', 1n);
    await store.increment('s', -100n);
    await store.increment('fresh', -3n);
    expect(await get('s')).to.include('p:s 0 1\r\n0\r\n');
    expect(await get('fresh')).to.include('p:fresh 1 1\r\n0\r\n');
  });

  it('that are true or false are no numbers', async () => {
    await store.put('k', boolean(true), null);
    expect(await failure(store.increment('k', 1n))).to.be.instanceOf(NotANumberError);
    expect(await get('k')).to.include('p:k 3 1\r\n1');
  });

  it('that are too large are refused by name and limit, and the connection survives', async () => {
    const bytes = Buffer.from(Array.from({ length: 2 ** 21 }, (_, at) => (Math.imul(at, 2_654_435_761) >>> 13) & 0xff));
    const raw = openMemcached(memcachedProfile([server.port], 'p:', { codec: 'raw' }), openCodec('raw'), {
      timeoutMs: 10_000,
    });
    try {
      for (const attempt of [
        () => raw.put('big', string(bytes), 60),
        () => raw.add('big', string(bytes), 60),
        () =>
          raw.putMany([
            { key: 'small', value: string('v'), ttl: 60 },
            { key: 'big', value: string(bytes), ttl: 60 },
          ]),
      ]) {
        const error = await failure(attempt());
        expect(error).to.be.instanceOf(RefusedError);
        expect((error as Error).message).to.match(
          /"p:big" is too large for memcached 127.0.0.1:\d+: .*1,048,576 bytes/,
        );
        expect((error as RefusedError).hint).to.include('-I');
      }

      expect(textOf(await raw.get('small'))).to.equal('v');
      expect(await raw.get('big')).to.be.undefined;
    } finally {
      await raw.close();
    }
  });

  it('ignore memjs’s environment variables', async () => {
    process.env.MEMCACHIER_SERVERS = '127.0.0.1:1';
    process.env.MEMCACHE_USERNAME = 'ann';
    process.env.MEMCACHE_PASSWORD = 'secret';
    try {
      await store.put('k', string('v'), 60);
      expect(textOf(await store.get('k'))).to.equal('v');
    } finally {
      delete process.env.MEMCACHIER_SERVERS;
      delete process.env.MEMCACHE_USERNAME;
      delete process.env.MEMCACHE_PASSWORD;
    }
  });

  it('with tags are found by the same id by concurrent clients', async () => {
    const others = Array.from({ length: 8 }, () =>
      openMemcached(memcachedProfile([server.port], 'p:'), openCodec('php'), { timeoutMs: 10_000 }),
    );
    try {
      await Promise.all(
        others.map((other, index) => other.tags(['new', 'tags']).put(`k:${index}`, integer(index), 60)),
      );
      const readings = await store.tags(['new', 'tags']).many(others.map((_, index) => `k:${index}`));
      expect(readings.every((reading) => reading !== undefined && !(reading instanceof Error))).to.be.true;
      expect(await server.say('get p:tag:new:key', /END\r\n$/)).to.match(/ 0 22\r\n[\da-f]{13}\d{9}\r\n/);
    } finally {
      await Promise.all(others.map((other) => other.close()));
    }
  });

  it('with tags are looked up without a trace', async () => {
    const tagged = store.tags(['never-used']);
    expect(await tagged.get('k')).to.be.undefined;
    expect(await tagged.pull('k')).to.be.undefined;
    expect(await tagged.touch('k', 60)).to.be.false;
    expect(await tagged.forget(['k'])).to.deep.equal([false]);
    expect(await tagged.flush({ dryRun: true })).to.be.undefined;
    expect(await get('tag:never-used:key')).to.equal('END\r\n');
  });
});
