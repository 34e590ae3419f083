import { expect } from 'chai';

import type { ListedEntry } from '../../../src/stores/contract/listing.js';

import { string } from '../../../src/codecs/value.js';
import { UnsupportedError } from '../../../src/errors.js';
import { newOwner } from '../../../src/stores/locks/owner.js';
import { all, failure, textOf } from '../../../src/testing/suite/stores.js';
import { redisStores } from '../../support/redis-stores.js';

const WEEK = 604_800;

describe('flush by idle time on Redis', () => {
  // A server of its own: its policy and its users are changed.
  const stores = redisStores('--databases', '4');

  afterEach(async () => stores.server.client.config('SET', 'maxmemory-policy', 'noeviction'));

  /** As if nobody had used it for that long, in seconds. */
  async function age(key: string, idle: number): Promise<void> {
    const dumped = (await stores.server.client.dumpBuffer(`app-${key}`))!;
    await stores.server.client.call('RESTORE', `app-${key}`, '0', dumped, 'REPLACE', 'IDLETIME', idle);
  }

  it('removes idle entries after a dry run with the same number, and keeps used ones', async () => {
    const store = await stores.open();
    for (const key of ['old', 'new', 'middle']) await store.put(key, string('v'.repeat(100)), null);
    await age('old', 2 * WEEK);
    await age('middle', WEEK / 2);
    const found: ListedEntry[] = [];
    const only = { idleFor: WEEK };
    for (const times of [1, 2]) {
      const dry = await store.flushOnly!(only, { dryRun: true, onFound: (entry) => found.push(entry) });
      expect(dry.removed).to.equal(1);
      expect(found).to.have.lengthOf(times);
    }

    expect(found.map(({ key }) => key)).to.deep.equal(['old', 'old']);
    expect(found[0]!.idle).to.be.within(2 * WEEK, 2 * WEEK + 60);
    expect((await store.flushOnly!(only, { dryRun: false })).removed).to.equal(1);
    expect((await all(store.keys())).sort()).to.deep.equal(['middle', 'new']);
  });

  it('keeps a lock of cachectl, however old', async () => {
    const store = await stores.open();
    await store.lock('deploy').acquire(newOwner(), null);
    await age('deploy', 2 * WEEK);
    const { removed, keptLocks } = await store.flushOnly!({ idleFor: WEEK }, { dryRun: false });
    expect({ removed, keptLocks }).to.deep.equal({ removed: 0, keptLocks: 1 });
    expect(await store.lock('deploy').holder()).not.to.be.undefined;
  });

  it('works the same without scripts', async () => {
    const store = await stores.openWithout('-eval');
    await store.put('old', string('v'), null);
    await store.put('new', string('v'), null);
    await store.lock('deploy').acquire(newOwner(), null);
    for (const key of ['old', 'deploy']) await age(key, 2 * WEEK);
    const { removed, keptLocks } = await store.flushOnly!({ idleFor: WEEK }, { dryRun: false });
    expect({ removed, keptLocks }).to.deep.equal({ removed: 1, keptLocks: 1 });
    expect(textOf(await store.get('new'))).to.equal('v');
  });

  it('removes other types by their memory', async () => {
    const store = await stores.open();
    await stores.server.client.rpush('app-list', ...Array.from({ length: 500 }, () => 'an item of a list'));
    await store.put('small', string('v'), null);
    const { removed, bytes } = await store.flushOnly!({ largerThan: 5000 }, { dryRun: false });
    expect(removed).to.equal(1);
    expect(bytes).to.be.greaterThan(5000);
    expect(await all(store.keys())).to.deep.equal(['small']);
  });

  it('is refused by a server that counts uses, and removes nothing', async () => {
    const store = await stores.open();
    await store.put('k', string('v'), null);
    await stores.server.client.config('SET', 'maxmemory-policy', 'allkeys-lfu');
    for (const dryRun of [true, false]) {
      const error = await failure(store.flushOnly!({ idleFor: WEEK }, { dryRun }));
      expect(error).to.be.instanceOf(UnsupportedError);
      expect((error as Error).message).to.include('allkeys-lfu');
    }

    expect((await all(store.entries!({ idle: true }))).flat()[0]).not.to.have.property('idle');
    expect((await store.flushOnly!({ pattern: 'k' }, { dryRun: false })).removed).to.equal(1);
  });
});
