import { expect } from 'chai';

import type { RedisProfile } from '../../../src/profiles/profile.js';
import type { FlushOptions, Store } from '../../../src/stores/contract/store.js';
import type { RedisServer } from '../../support/redis-server.js';

import { openCodec } from '../../../src/codecs/open.js';
import { integer, string } from '../../../src/codecs/value.js';
import { RefusedError } from '../../../src/errors.js';
import { newOwner } from '../../../src/stores/locks/owner.js';
import { BOOKKEEPING_KEY } from '../../../src/stores/redis/keys.js';
import { openRedis } from '../../../src/stores/redis/store.js';
import { failure } from '../../../src/testing/suite/stores.js';
import { startRedis } from '../../support/redis-server.js';

const PREFIX = 'app-cache-';
const KEEPING: FlushOptions = { scope: 'prefix', locks: false, dryRun: false };
const TAKING: FlushOptions = { ...KEEPING, locks: true };
const LARAVEL_LOCKS = [
  String.raw`laravel_unique_job:App\Jobs\Import:7`,
  'laravel-queue-overlap:job:7',
  `framework/schedule-${'0af9'.repeat(10)}`,
  'framework/command-import',
];

describe('flush on Redis', () => {
  let server: RedisServer;
  const stores: Store[] = [];

  before(async function () {
    // A server of its own: its users are changed.
    server = await startRedis(this, '--databases', '4');
  });

  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
    await server.flush();
  });

  after(async () => server?.stop());

  async function open(changes: Partial<RedisProfile> = {}, username?: string): Promise<Store> {
    const place = { kind: 'server', nodes: [{ host: '127.0.0.1', port: server.port }], database: 0 } as const;
    const connection = username === undefined ? place : { ...place, username, password: 'pw' };
    const common = { driver: 'redis', name: 'test', codec: 'php', protected: false } as const;
    const profile = { ...common, connectionPrefix: '', prefix: PREFIX, connection, ...changes };
    const store = await openRedis(profile, openCodec('php'), { timeoutMs: 5000 });
    stores.push(store);
    return store;
  }

  /** A store whose user may do everything but `denied`. */
  async function without(denied: readonly string[], changes: Partial<RedisProfile> = {}): Promise<Store> {
    await server.client.call('ACL', ['SETUSER', 'limited', 'reset', 'on', '>pw', '~*', '&*', '+@all', ...denied]);
    return open(changes, 'limited');
  }

  /** Three entries, one of them tagged; six recognizable locks and one that is not; another application's key. */
  async function fill(): Promise<void> {
    const store = await open();
    await store.put('users:1', string('Ann'), 60);
    await store.put('framework/schedule-mine', integer(1), null);
    await store.tags(['people']).put('Ann', string('Ann'), null);
    await store.lock('deploy').acquire(newOwner(), 60);
    for (const name of LARAVEL_LOCKS) await store.lock(name).acquire('0123456789abcdef', 60);
    await store.lock('orders').acquire('0123456789abcdef', 60);
    await store.lock('told-by-nobody').acquire('somebody', 60);
    await server.client.rpush(`${PREFIX}list`, 'cachectl:');
    await server.client.set('other-cache-k', 'v');
  }

  const kept = ['deploy', 'orders', ...LARAVEL_LOCKS].map((name) => PREFIX + name);
  const others = ['other-cache-k'];

  async function left(): Promise<string[]> {
    const keys = await server.client.keys('*');
    return keys.sort();
  }

  for (const [how, denied] of [
    ['by a script', []],
    ['in round trips, where scripts are forbidden', ['-eval']],
    ['in round trips, where the keys may not be counted', ['-dbsize']],
  ] as const) {
    describe(how, () => {
      it('keeps and counts recognized locks', async () => {
        await fill();
        const store = await without(denied);
        expect(await store.flush({ ...KEEPING, dryRun: true })).to.deep.equal({ removed: 5, keptLocks: 6 });
        expect(await store.flush(KEEPING)).to.deep.equal({ removed: 5, keptLocks: 6 });
        expect(await left()).to.deep.equal([...kept, ...others].sort());
      });

      it('removes locks on request', async () => {
        await fill();
        const store = await without(denied);
        expect(await store.flush({ ...TAKING, dryRun: true })).to.deep.equal({ removed: 11, keptLocks: 0 });
        expect(await store.flush(TAKING)).to.deep.equal({ removed: 11, keptLocks: 0 });
        expect(await left()).to.deep.equal(others);
      });

      it('keeps what a tail has to restore, if the prefix is empty', async () => {
        await server.client.hset(BOOKKEEPING_KEY, 'restore', '');
        await server.client.set('k', 'v');
        const store = await without(denied, { prefix: '' });
        expect(await store.flush(TAKING)).to.deep.equal({ removed: 1, keptLocks: 0 });
        expect(await left()).to.deep.equal([BOOKKEEPING_KEY]);
      });

      it('of a tag removes its entries and its set', async () => {
        await fill();
        const before = await left();
        const entries = Array.from({ length: 9000 }, (_, at) => ({ key: `e:${at}`, value: integer(at), ttl: null }));
        const store = await without(denied);
        await store.tags(['many', 'more']).putMany(entries);
        await server.client.zadd(`${PREFIX}tag:many:entries`, -1, 'gone already');
        const progress: number[] = [];
        const onProgress = ({ done }: { done: number }): unknown => progress.push(done);
        expect(await store.tags(['many']).flush({ dryRun: false, onProgress })).to.equal(9000);
        expect(progress).to.have.lengthOf.at.least(3);
        expect(await store.tags(['many', 'more']).flush({ dryRun: false })).to.equal(0);
        expect(await left()).to.deep.equal(before);
      });
    });
  }

  it('keeps locks that it may not read', async () => {
    await fill();
    const before = await left();
    expect(await failure((await without(['-getrange'])).flush(KEEPING))).to.be.instanceOf(RefusedError);
    expect(await left()).to.deep.equal(before);
  });

  it('keeps a separate lock connection, unless requested', async () => {
    const locks = { kind: 'server', nodes: [{ host: '127.0.0.1', port: server.port }], database: 1 } as const;
    const store = await open({ locks });
    await store.put('deploy', string('an entry'), 60);
    await store.lock('deploy').acquire(newOwner(), 60);
    await store.lock('orders').acquire('0123456789abcdef', 60);
    const session = `${PREFIX}${'aZ3kQ9sLmN'.repeat(4)}`;
    await server.client.select(1);
    await server.client.set(session, 's:20:"a:1:{s:6:"_token";N;}";');
    await server.client.select(0);
    expect(await store.flush(KEEPING)).to.deep.equal({ removed: 1, keptLocks: 0 });
    expect((await store.lock('deploy').holder())?.ttl).to.be.within(1, 60);
    expect(await store.flush({ ...TAKING, dryRun: true })).to.deep.equal({ removed: 2, keptLocks: 0 });
    expect(await store.flush(TAKING)).to.deep.equal({ removed: 2, keptLocks: 0 });
    expect(await store.lock('deploy').holder()).to.be.undefined;
    expect(await store.lock('orders').holder()).to.be.undefined;
    await server.client.select(1);
    expect(await left()).to.deep.equal([session]);
    await server.client.select(0);
  });

  it('aborted between two steps has done and reported a part', async () => {
    const store = await open();
    const entries = Array.from({ length: 20_000 }, (_, at) => ({ key: `${at}`, value: integer(at), ttl: null }));
    await store.tags(['people']).putMany(entries);
    const controller = new AbortController();
    let told = 0;
    const onProgress = ({ done }: { done: number }): void => {
      told = done;
      controller.abort();
    };

    expect(await failure(store.flush({ ...KEEPING, signal: controller.signal, onProgress }))).to.equal(
      controller.signal.reason,
    );
    expect(told).to.be.within(1, 19_999);
    // The remaining entries are still found by their tag.
    expect(await store.tags(['people']).flush({ dryRun: false })).to.equal(20_000 - told);
  });
});
