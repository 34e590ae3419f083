import { expect } from 'chai';

import { string } from '../../../src/codecs/value.js';
import { WrongTypeError } from '../../../src/errors.js';
import { failure } from '../../../src/testing/index.js';
import { all } from '../../../src/testing/suite/stores.js';
import { redisStores } from '../../support/redis-stores.js';

describe('tags of listed entries, on Redis', () => {
  const stores = redisStores();

  it('are in order, also if there are too many to look up one by one', async () => {
    const store = await stores.open();
    const wanted = new Map<string, readonly string[]>();
    for (let number = 0; number < 300; number++) {
      const names = [`user:${number}`, 'all', `group:${number % 7}`].slice(0, 1 + (number % 3));
      wanted.set(`k${number}`, names);
      await store.tags(names).put(`k${number}`, string('v'), number % 2 === 0 ? 60 : null);
    }

    const listed = (await all(store.entries!({ tags: true }))).flat();
    expect(listed).to.have.lengthOf(300);
    for (const { key, tags } of listed) expect(tags, key).to.deep.equal(wanted.get(key.split(':').at(-1)!));
  });

  it('are found if their members were compressed at another level, and count once', async () => {
    const other = await stores.open({ packed: { compression: 'zstd', compressionLevel: 19 } });
    const store = await stores.open({ packed: { compression: 'zstd' } });
    const key = 'worker-eu-1:'.repeat(8);
    const [set, tags] = ['app-tag:t:entries', ['t', 'u', 'v']];
    await other.tags(tags).put(key, string('v'), 60);
    const listed = (await all(store.entries!({ tags: true }))).flat();
    expect(listed.map((entry) => entry.tags)).to.deep.equal([tags]);
    const inspected = await store.inspect!(key, tags);
    expect(inspected.tags).to.deep.equal({ names: tags, isOrdered: true });

    expect(await store.tags(tags).touch(key, 3600)).to.equal(true);
    const [, score] = await stores.server.client.zrange(set, '0', '-1', 'WITHSCORES');
    expect(Number(score) - Date.now() / 1000).to.be.within(3000, 3600);

    await store.tags(tags).put(key, string('v'), 60);
    expect(await stores.server.client.zcard(set)).to.equal(2);
    const members = (await all((await store.tagIndex!()).members!('t'))).flat();
    expect(members.map((member) => member.tags)).to.deep.equal([tags]);
    expect(await store.tags(tags).flush({ dryRun: true })).to.equal(1);
    expect(await store.tags(tags).flush({ dryRun: false })).to.equal(1);
    expect(await stores.server.client.dbsize()).to.equal(0);
  });

  it('that cannot be recorded are an error, also of a counter', async () => {
    const store = await stores.open();
    await stores.server.client.set('app-tag:t:entries', 'no set');
    for (const write of [
      async () => store.tags(['t']).put('k', string('v'), 60),
      async () => store.tags(['t']).increment('n', 1n),
    ])
      expect(await failure(write())).to.be.instanceOf(WrongTypeError);
  });
});
