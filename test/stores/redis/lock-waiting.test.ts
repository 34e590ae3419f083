import { expect } from 'chai';

import { newOwner } from '../../../src/stores/locks/owner.js';
import { acquireWithin } from '../../../src/stores/locks/wait.js';
import { all, until } from '../../../src/testing/suite/stores.js';
import { redisStores } from '../../support/redis-stores.js';

const never = new AbortController().signal;

describe('waiting for locks on Redis', () => {
  // A server of its own: its users and settings are changed.
  const stores = redisStores('--databases', '4');

  afterEach(async () => stores.server.client.config('SET', 'notify-keyspace-events', ''));

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
    await stores.server.client.config('SET', 'notify-keyspace-events', 'KEA');
    await stores.server.client.set('app-deploy', 'ann');
    const waiting = await (await stores.open()).lock('deploy').startWaiting!('bob');
    const news = waiting.news(3_600_000, never);
    await stores.server.client.del('app-deploy');
    expect(await news).to.equal(true);
    await waiting.end();
  });

  it('learns of the end of a TTL with notifications', async () => {
    await stores.server.client.config('SET', 'notify-keyspace-events', 'Kgx');
    const waiting = await (await stores.open()).lock('deploy').startWaiting!('bob');
    expect(waiting.longestPause).to.equal(2000);
    await stores.server.client.set('app-deploy', 'ann', 'PX', 10);
    expect(await waiting.news(3_600_000, never)).to.equal(true);
    expect(await stores.server.client.exists('app-deploy')).to.equal(0);
    await waiting.end();
  });

  it('acquires a lock whose TTL has ended', async () => {
    await stores.server.client.set('app-deploy', 'ann', 'PX', 300);
    const lock = (await stores.open()).lock('deploy');
    expect(await acquireWithin(lock, { owner: 'bob', ttl: 60, wait: 60, signal: never })).to.equal(true);
  });

  it('works without the right to subscribe or to list clients', async () => {
    await stores.server.client.set('app-deploy', 'ann');
    const store = await stores.openWithout(['-subscribe', '-client', '-config']);
    const acquired = acquireWithin(store.lock('deploy'), { owner: 'bob', ttl: 60, wait: 60, signal: never });
    await until(
      async () => Number(/cmdstat_set:calls=(\d+)/.exec(await stores.server.client.info('commandstats'))?.[1]) > 2,
    );
    await stores.server.client.del('app-deploy');
    expect(await acquired).to.equal(true);
  });

  it('lists how each lock was recognized, and nothing else', async () => {
    const own = newOwner();
    const theirs = 'aBcDeFgHiJkLmNoP';
    await stores.server.client.mset({
      'app-laravel_unique_job:App\\Jobs\\Sync:42': 'anybody',
      'app-deploy': own,
      'app-report': theirs,
      'app-import:1': '17',
      'app-entry': 's:16:"aBcDeFgHiJkLmNoP";',
      'app-number': '1234567890123456',
      'app-import:huge': 'x'.repeat(3_000_000),
      'other-deploy': own,
    });
    await stores.server.client.lpush('app-laravel_unique_job:list', 'x');
    await stores.server.client.hset('app-import:hash', 'a', 'b');
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
