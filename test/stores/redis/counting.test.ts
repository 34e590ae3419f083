import { expect } from 'chai';

import type { RedisServer } from '../../support/redis-server.js';

import { integer } from '../../../src/codecs/value.js';
import { BOOKKEEPING_KEY } from '../../../src/stores/redis/keys.js';
import { startRedis } from '../../support/redis-server.js';
import { RedisStores } from '../../support/redis-stores.js';

const ENTRIES = 6000;

describe('a count of keys on Redis', () => {
  let server: RedisServer;
  let stores: RedisStores;

  before(async function () {
    // A server of its own: its users are changed, and its statistics are read.
    server = await startRedis(this, '--databases', '1');
    stores = new RedisStores(server);
    const store = await stores.open();
    const entries = Array.from({ length: ENTRIES }, (_, at) => ({ key: `e:${at}`, value: integer(at), ttl: 600 }));
    await store.putMany(entries);
    await store.tags(['people', 'žluť\n:']).put('Ann', integer(1), 60);
    for (const name of ['tag:entries', 'tag:people', 'tag:people:entries ', 'žluť', ''])
      await store.put(name, integer(1), 60);
    await server.client.set(Buffer.from([...Buffer.from('app-'), 0xff, 0x00]), '');
    await server.client.rpush('app-list', 'a');
    await server.client.hset(BOOKKEEPING_KEY, 'restore', '');
    await server.client.set('other-k', '');
  });

  after(async () => {
    await stores?.close();
    await server?.stop();
  });

  async function scripts(): Promise<number> {
    return Number(/cmdstat_eval:calls=(\d+)/.exec(await server.client.info('commandstats'))?.[1] ?? 0);
  }

  for (const [prefix, pattern, count] of [
    ['app-', '*', ENTRIES + 8],
    ['app-', 'tag:*', 3],
    ['app-', 'ž*', 1],
    ['app-', 'e:1*', 1111],
    ['app-', String.raw`\e:*`, ENTRIES],
    ['nobody-', '*', 0],
    // A tag set counts as such only under its own prefix.
    ['', '*', ENTRIES + 8 + 2 + 1],
    ['cachectl:', '*', 0],
  ] as const) {
    it(`for ${pattern} under "${prefix}" is ${count}, by a script and in round trips`, async () => {
      await server.client.config('RESETSTAT');
      const store = await stores.open({ prefix });
      expect(await store.count!({ pattern })).to.equal(count);
      expect(await scripts()).to.be.at.least(2);
      await server.client.config('RESETSTAT');
      const other = await stores.openWithout('-eval', { prefix });
      expect(await other.count!({ pattern })).to.equal(count);
      expect(await scripts()).to.equal(0);
    });
  }

  it('ends on the signal', async () => {
    const store = await stores.open();
    expect(await store.count!({ signal: AbortSignal.abort() }).catch((error: Error) => error.name)).to.equal(
      'AbortError',
    );
  });
});
