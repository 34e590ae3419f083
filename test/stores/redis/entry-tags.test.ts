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
