import { expect } from 'chai';

import { newOwner } from '../../../src/stores/locks/owner.js';
import { acquireWithin } from '../../../src/stores/locks/wait.js';
import { all, until } from '../../../src/testing/suite/stores.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { RedisStores } from '../../support/redis-stores.js';

const never = new AbortController().signal;

describe('waiting for locks on Redis', () => {
  let server: RedisServer;
  let stores: RedisStores;

  before(async function () {
    // A server of its own: its users and settings are changed.
    server = await startRedis(this, '--databases', '4');
    stores = new RedisStores(server);
  });

  afterEach(async () => {
    await stores?.close();
    await server?.client.config('SET', 'notify-keyspace-events', '');
    await server?.flush();
  });

  after(async () => server?.stop());

  it('learns of a release by cachectl on its own channel', async () => {
    const store = await stores.open();
    await store.lock('deploy').acquire('ann', null);
    const waiting = await (await stores.open()).lock('deploy').startWaiting!('bob');
    const news = waiting.news(3_600_000, never);
    await store.lock('deploy').release('ann');
    expect(await news).to.equal(true);
    await waiting.end();
  });

  it('learns of a release by any client with notifications', async () => {
    await server.client.config('SET', 'notify-keyspace-events', 'KEA');
    await server.client.set('app-deploy', 'ann');
    const waiting = await (await stores.open()).lock('deploy').startWaiting!('bob');
    const news = waiting.news(3_600_000, never);
    await server.client.del('app-deploy');
    expect(await news).to.equal(true);
    await waiting.end();
  });

  it('learns of the end of a TTL with notifications', async () => {
    await server.client.config('SET', 'notify-keyspace-events', 'Kgx');
    const waiting = await (await stores.open()).lock('deploy').startWaiting!('bob');
    expect(waiting.longestPause).to.equal(2000);
    await server.client.set('app-deploy', 'ann', 'PX', 10);
    expect(await waiting.news(3_600_000, never)).to.equal(true);
    expect(await server.client.exists('app-deploy')).to.equal(0);
    await waiting.end();
  });

  it('acquires a lock whose TTL has ended', async () => {
    await server.client.set('app-deploy', 'ann', 'PX', 300);
    const lock = (await stores.open()).lock('deploy');
    expect(await acquireWithin(lock, { owner: 'bob', ttl: 60, wait: 60, signal: never })).to.equal(true);
  });

  it('works without the right to subscribe or to list clients', async () => {
    await server.client.set('app-deploy', 'ann');
    const store = await stores.openWithout(['-subscribe', '-client', '-config']);
    const acquired = acquireWithin(store.lock('deploy'), { owner: 'bob', ttl: 60, wait: 60, signal: never });
    await until(async () => Number(/cmdstat_set:calls=(\d+)/.exec(await server.client.info('commandstats'))?.[1]) > 2);
    await server.client.del('app-deploy');
    expect(await acquired).to.equal(true);
  });

  it('lists how each lock was recognised, and nothing else', async () => {
    const own = newOwner();
    const theirs = 'aBcDeFgHiJkLmNoP';
    await server.client.mset({
      'app-laravel_unique_job:App\\Jobs\\Sync:42': 'anybody',
      'app-deploy': own,
      'app-report': theirs,
      'app-import:1': '17',
      'app-entry': 's:16:"aBcDeFgHiJkLmNoP";',
      'app-number': '1234567890123456',
      'app-import:huge': 'x'.repeat(3_000_000),
      'other-deploy': own,
    });
    await server.client.lpush('app-laravel_unique_job:list', 'x');
    await server.client.hset('app-import:hash', 'a', 'b');
    const listed = await all((await stores.open()).locks!({ pattern: 'import:*' }));
    const told = listed.map(({ name, detectedBy }) => `${name} ${detectedBy}`).toSorted();
    expect(told.filter((line) => !line.startsWith('import:huge'))).to.deep.equal([
      'deploy cachectl-owner',
      'import:1 pattern',
      String.raw`laravel_unique_job:App\Jobs\Sync:42 family`,
      'report laravel-owner',
    ]);
    expect(Math.max(...listed.map(({ owner }) => owner.length))).to.be.at.most(1024);
  });
});
