import { expect } from 'chai';

import type { Store } from '../../../src/stores/contract/store.js';

import { string } from '../../../src/codecs/value.js';
import { WrongTypeError } from '../../../src/errors.js';
import { taggedKey } from '../../../src/stores/tags/names.js';
import { all, failure } from '../../../src/testing/suite/stores.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { RedisStores } from '../../support/redis-stores.js';

const PAST = 1_000_000_000;
const FUTURE = 4_000_000_000;
const V = string('v');

describe('the index of tags on Redis', () => {
  let server: RedisServer;
  let stores: RedisStores;
  let store: Store;

  before(async function () {
    server = await startRedis(this);
    stores = new RedisStores(server);
  });

  beforeEach(async () => {
    await server.flush();
    store = await stores.open();
  });

  afterEach(async () => stores.close());

  after(async () => server?.stop());

  const list = async (name: string, score: number, ...keys: string[]): Promise<void> => {
    const members = keys.flatMap((key) => [score, taggedKey([name], key)]);
    await server.client.zadd(`app-tag:${name}:entries`, ...members);
  };

  const scores = async (name: string) => server.client.zrange(`app-tag:${name}:entries`, '0', '-1', 'WITHSCORES');

  it('uses scores like Laravel, or looks up the entries on request', async () => {
    await list('t', PAST, 'expired');
    await list('t', FUTURE, 'evicted');
    await list('t', -1, 'forgotten');
    await store.tags(['t']).put('kept', V, null);
    const index = await store.tagIndex!();
    expect(await all(index.tags())).to.deep.equal([[{ name: 't', entries: 3, stale: 1 }]]);
    expect(await all(index.tags({ deep: true }))).to.deep.equal([[{ name: 't', entries: 1, stale: 3 }]]);
    expect(await index.prune({ deep: false, dryRun: true })).to.deep.equal({ tags: 1, removed: 1 });
    expect(await index.prune({ deep: true, dryRun: true })).to.deep.equal({ tags: 1, removed: 3 });
    expect(await index.prune({ deep: false, dryRun: false })).to.deep.equal({ tags: 1, removed: 1 });
    expect(await scores('t')).to.have.members([
      taggedKey(['t'], 'forgotten'),
      '-1',
      taggedKey(['t'], 'kept'),
      '-1',
      taggedKey(['t'], 'evicted'),
      String(FUTURE),
    ]);
    expect(await index.prune({ deep: true, dryRun: false })).to.deep.equal({ tags: 1, removed: 2 });
    expect(await scores('t')).to.deep.equal([taggedKey(['t'], 'kept'), '-1']);
  });

  it('prunes many pages of a tag, and removes an empty tag', async () => {
    const keys = Array.from({ length: 12_500 }, (_, number) => `n:${number}`);
    await list('big', PAST, ...keys);
    await list('deep', FUTURE, ...keys);
    await list('small', PAST, 'k');
    const index = await store.tagIndex!();
    expect(await index.prune({ deep: false, dryRun: false })).to.deep.equal({ tags: 3, removed: 12_501 });
    expect(await server.client.keys('*')).to.deep.equal(['app-tag:deep:entries']);
    expect(await index.prune({ deep: true, dryRun: false })).to.deep.equal({ tags: 1, removed: 12_500 });
    expect(await server.client.dbsize()).to.equal(0);
  });

  it('prunes without scripts too', async () => {
    const limited = await stores.openWithout(['-eval', '-evalsha']);
    await list('t', PAST, 'a', 'b');
    await list('t', FUTURE, 'c');
    const index = await limited.tagIndex!();
    expect(await index.prune({ deep: false, dryRun: false })).to.deep.equal({ tags: 1, removed: 2 });
    expect(await index.prune({ deep: true, dryRun: false })).to.deep.equal({ tags: 1, removed: 1 });
    expect(await server.client.dbsize()).to.equal(0);
  });

  it('keeps an entry that is written during a prune', async () => {
    const keys = Array.from({ length: 300 }, (_, number) => `n:${number}`);
    const writer = await stores.open();
    const index = await store.tagIndex!();
    for (let round = 0; round < 10; round++) {
      await list('t', FUTURE, ...keys);
      const entries = keys.map((key) => ({ key, value: V, ttl: 600 }));
      await Promise.all([index.prune({ deep: true, dryRun: false }), writer.tags(['t']).putMany(entries)]);
      expect(await store.tags(['t']).flush({ dryRun: false })).to.equal(300);
    }
  });

  it('ignores keys that only look like tags', async () => {
    await server.client.set('app-tag:odd:entries', 'a string');
    await store.tags(['t']).put('k', V, 60);
    const index = await store.tagIndex!();
    expect(await all(index.tags())).to.deep.equal([[{ name: 't', entries: 1, stale: 0 }]]);
    expect(await index.prune({ deep: true, dryRun: false })).to.deep.equal({ tags: 1, removed: 0 });
    expect(await failure(all(index.members!('odd')))).to.be.instanceOf(WrongTypeError);
  });

  it('shows foreign members, and marks tags that cannot all be found', async () => {
    await server.client.zadd('app-tag:t:entries', -1, 'bare');
    await store.tags(['t', 'a', 'b']).put('k', V, 60);
    await server.client.del('app-tag:a:entries');
    const members = (await all((await store.tagIndex!()).members!('t'))).flat();
    expect(members.find(({ key }) => key === 'bare')).to.include({ isOrdered: false, isStale: true });
    const member = members.find(({ key }) => key === 'k');
    expect(member?.tags).to.have.members(['t', 'b']);
    expect(member).to.include({ isOrdered: false, isStale: false });
  });
});
