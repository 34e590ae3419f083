import type { Context } from 'mocha';

import { expect } from 'chai';
import { randomBytes } from 'node:crypto';

import type { NewEntry, Store } from '../../../src/stores/contract/store.js';

import { openCodec } from '../../../src/codecs/open.js';
import { integer, string } from '../../../src/codecs/value.js';
import { RefusedError } from '../../../src/errors.js';
import { newOwner } from '../../../src/stores/locks/owner.js';
import { openMemcached } from '../../../src/stores/memcached/store.js';
import { all, failure, textOf } from '../../../src/testing/suite/stores.js';
import { startFaultProxy } from '../../support/fault-proxy.js';
import { memcachedProfile, type MemcachedServer, startMemcached } from '../../support/memcached-server.js';

const PREFIX_ONLY = { scope: 'prefix', locks: false, dryRun: false } as const;

function* numbered(count: number): Generator<NewEntry> {
  for (let number = 0; number < count; number++) yield { key: `n:${number}`, value: integer(number), ttl: null };
}

describe('listing and flushing Memcached', () => {
  let server: MemcachedServer;
  const stores: Store[] = [];

  function open(prefix: string, { port } = server): Store {
    const store = openMemcached(memcachedProfile([port], prefix), openCodec('php'), { timeoutMs: 10_000 });
    stores.push(store);
    return store;
  }

  before(async function () {
    server = await startMemcached(this);
  });

  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
    await server.flush();
  });

  after(async () => server?.stop());

  it('keeps keys of other applications', async () => {
    const [shop, blog, all_] = [open('shop-'), open('blog-'), open('')];
    await shop.putMany(numbered(2000));
    await blog.putMany(numbered(2000));
    await server.say('set shop 0 0 1\r\nx');
    await shop.flush(PREFIX_ONLY);
    expect(await all(shop.keys())).to.deep.equal([]);
    expect(await all(blog.keys())).to.have.lengthOf(2000);
    expect(await all(all_.keys())).to.have.lengthOf(2001);
  });

  it('recognizes locks by Laravel’s names and cachectl’s owners, and keeps them', async () => {
    const store = open('shop-');
    await store.putMany(numbered(3));
    await store.lock(String.raw`laravel_unique_job:App\Jobs\Import:7`).acquire('by Laravel', 60);
    await store.lock('deploy').acquire(newOwner(), 60);
    await store.lock('custom').acquire('some other owner', 60);
    await store.put('looks-like-one', string('cachectl'), 60);
    expect(await store.flush({ ...PREFIX_ONLY, dryRun: true })).to.deep.equal({ removed: 5, keptLocks: 2 });
    expect(await store.flush(PREFIX_ONLY)).to.deep.equal({ removed: 5, keptLocks: 2 });
    expect((await all(store.keys())).toSorted()).to.deep.equal([
      'deploy',
      String.raw`laravel_unique_job:App\Jobs\Import:7`,
    ]);
  });

  it('hides the ids of tags in lists and counts, and removes them', async () => {
    const store = open('shop-');
    await store.tags(['people', 'artists']).put('Ann', string('v'), 60);
    await store.put('tag:people:keys', string('an entry'), 60);
    expect((await all(store.keys())).map((key) => key.replace(/^[\da-f]{40}:/, 'HASH:')).toSorted()).to.deep.equal([
      'HASH:Ann',
      'tag:people:keys',
    ]);
    expect(await store.flush(PREFIX_ONLY)).to.deep.equal({ removed: 2, keptLocks: 0 });
    expect(await server.say('get shop-tag:people:key')).to.equal('END\r\n');
  });

  it('finds more keys than fit into memory, also for a slow reader', async () => {
    const store = open('shop-');
    await store.putMany(numbered(60_000));
    const found = new Set<string>();
    for await (const key of store.keys()) {
      // The dump continues meanwhile.
      if (found.size % 10_000 === 0) await store.get(key);
      found.add(key);
    }

    expect(found.size).to.equal(60_000);
    const { removed } = await store.flush(PREFIX_ONLY);
    expect(removed).to.equal(60_000);
  });

  it('neither counts nor lists expired items', async () => {
    const store = open('shop-');
    await store.put('stays', string('v'), null);
    await store.put('goes', string('v'), 1);
    while ((await store.get('goes')) !== undefined);
    expect(await all(store.keys())).to.deep.equal(['stays']);
    expect(await store.flush(PREFIX_ONLY)).to.deep.equal({ removed: 1, keptLocks: 0 });
  });

  it('waits while the server dumps its keys for another client', async () => {
    const store = open('shop-');
    await store.putMany(numbered(5000));
    const lists = await Promise.all(Array.from({ length: 4 }, async () => all(store.keys())));
    expect(lists.map(({ length }) => length)).to.deep.equal([5000, 5000, 5000, 5000]);
  });

  it('removes by pattern what changes between the dump and the removal, except for locks', async () => {
    // Another CAS in the dump is what a concurrent increment leads to.
    const proxy = await startFaultProxy(server.port, {
      filter: () => ({
        asked() {},
        answered: (chunk) =>
          chunk.indexOf('key=') === 0 ? chunk.toString('latin1').replaceAll(/ cas=\d+/g, ' cas=1') : chunk,
      }),
    });
    try {
      const store = open('shop-', { ...server, port: proxy.port });
      await store.putMany(numbered(300));
      await store.put('n:large', string(randomBytes(5000).toString('hex')), null);
      await store.lock('n:lock').acquire(newOwner(), 60);
      const options = { dryRun: false };
      expect(await store.flushOnly!({ pattern: 'n:*', largerThan: 1000 }, options)).to.include({ removed: 1 });
      expect(await store.flushOnly!({ pattern: 'n:*' }, options)).to.include({ removed: 300, keptLocks: 1 });
      expect(await all(store.keys())).to.deep.equal(['n:lock']);
    } finally {
      await proxy.stop();
    }
  });

  it('stops on the signal, with the reported keys removed', async () => {
    const store = open('shop-');
    await store.putMany(numbered(20_000));
    const controller = new AbortController();
    let done = 0;
    const error = await failure(
      store.flush({
        ...PREFIX_ONLY,
        signal: controller.signal,
        onProgress(progress) {
          done = progress.done;
          controller.abort();
        },
      }),
    );
    expect(error).to.equal(controller.signal.reason);
    expect(done).to.be.within(1, 19_999);
    expect(await all(store.keys())).to.have.lengthOf(20_000 - done);
  });

  it("removes another client's key that no line can contain", async () => {
    const store = open('shop-');
    const sneaky = 'shop-a\r\nflush_all\r\n';
    await server.say('set other 0 0 1\r\nx');
    // The binary protocol accepts any bytes as a key.
    const { BinaryConnection } = await import('../../../src/stores/memcached/protocol/binary-connection.js');
    const binary = new BinaryConnection(
      { server: { host: '127.0.0.1', port: server.port, weight: 1 }, location: 'here', timeoutMs: 5000 },
      undefined,
    );
    await binary.ask([{ opcode: 1, key: Buffer.from(sneaky), extras: Buffer.alloc(8), value: Buffer.from('v') }]);
    binary.close();
    expect(await all(store.keys())).to.deep.equal([sneaky.slice('shop-'.length)]);
    expect(await store.flush(PREFIX_ONLY)).to.deep.equal({ removed: 1, keptLocks: 0 });
    expect(await server.say('get other', /END\r\n$/)).to.equal('VALUE other 0 1\r\nx\r\nEND\r\n');
  });

  it('of everything uses flush_all, which reports the number', async () => {
    const store = open('shop-');
    await store.putMany(numbered(100));
    await open('blog-').put('k', string('v'), 60);
    const everything = { ...PREFIX_ONLY, scope: 'all' } as const;
    expect((await store.flush({ ...everything, dryRun: true })).removed).to.be.at.least(101);
    expect(textOf(await store.get('n:7'))).to.equal('7');
    expect((await store.flush(everything)).removed).to.be.at.least(101);
    expect(await all(open('').keys())).to.deep.equal([]);
  });

  describe('of restricted servers', () => {
    it('is refused: no dumps', async function () {
      expect(await refusal(this, '-X', (store) => all(store.keys()))).to.include('does not allow listing its keys');
      expect(await refusal(this, '-X', (store) => store.flush(PREFIX_ONLY))).to.include(
        'does not allow listing its keys',
      );
    });

    it('is refused: no flush_all', async function () {
      expect(await refusal(this, '-F', (store) => store.flush({ ...PREFIX_ONLY, scope: 'all' }))).to.include(
        'does not allow flush_all',
      );
    });

    it('is refused: no compare-and-swap, which locks and counting rest on', async function () {
      expect(await refusal(this, '-C', (store) => store.pull('k'))).to.include('without compare-and-swap');
      expect(await refusal(this, '-C', (store) => store.increment('k', 1n)).catch(String)).to.match(
        /NotANumber|compare/,
      );
    });
  });
});

/** The error of an attempt on a server that was started with this option and holds one entry. */
async function refusal(context: Context, option: string, attempt: (store: Store) => Promise<unknown>): Promise<string> {
  const strict = await startMemcached(context, option);
  try {
    const store = openMemcached(memcachedProfile([strict.port], 'shop-'), openCodec('php'), { timeoutMs: 10_000 });
    await store.put('k', string('v'), 60);
    const error = await failure(attempt(store));
    expect(error).to.be.instanceOf(RefusedError);
    await store.close();
    return (error as Error).message;
  } finally {
    await strict.stop();
  }
}
