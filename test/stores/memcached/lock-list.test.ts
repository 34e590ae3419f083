import { expect } from 'chai';

import type { ListedLock } from '../../../src/stores/contract/locks.js';
import type { NewEntry, Store } from '../../../src/stores/contract/store.js';

import { string } from '../../../src/codecs/value.js';
import { fenceKey } from '../../../src/stores/locks/fenced-lock.js';
import { newOwner } from '../../../src/stores/locks/owner.js';
import { BinaryConnection } from '../../../src/stores/memcached/protocol/binary-connection.js';
import { all, failure } from '../../../src/testing/suite/stores.js';
import { MemcachedStores } from '../../support/memcached-stores.js';

describe('Memcached’s list of locks', () => {
  const memcached = new MemcachedStores(3);
  const { servers } = memcached;
  const open = (prefix = 'app-', among = servers): Store => memcached.open(prefix, among);

  it('shows how each was recognized, on every server of a pool', async () => {
    const store = open();
    const owner = newOwner();
    const [family, own, named] = ['laravel_unique_job:Sync:', 'deploy-', 'import:'].map((head) =>
      Array.from({ length: 20 }, (_, number) => `${head}${number}`),
    );
    for (const name of family!) await store.lock(name).acquire('an application', 60);
    for (const name of own!) await store.lock(name).acquire(owner, null);
    for (const name of named!) await store.lock(name).acquire('another', 60);
    const told = (await all(store.locks!({ pattern: 'import:*' }))).map(
      (lock) => `${lock.name} ${lock.owner} ${lock.ttl === null ? 'for ever' : 'for a while'} ${lock.detectedBy}`,
    );
    expect(told.toSorted()).to.deep.equal(
      [
        ...family!.map((name) => `${name} an application for a while family`),
        ...own!.map((name) => `${name} ${owner} for ever cachectl-owner`),
        ...named!.map((name) => `${name} another for a while pattern`),
      ].toSorted(),
    );
    for (const server of servers) {
      expect(Number(/curr_items (\d+)/.exec(await server.say('stats', /END\r\n$/))![1])).to.be.greaterThan(0);
    }
  });

  it('prefers certainty: Laravel’s names, then cachectl’s owners, then the pattern', async () => {
    const store = open();
    await store.lock('framework/command-migrate').acquire(newOwner(), 60);
    await store.lock('deploy').acquire(newOwner(), 60);
    await store.lock('import').acquire('somebody', 60);
    expect(ways(await all(store.locks!({ pattern: '*' })))).to.deep.equal([
      'deploy cachectl-owner',
      'framework/command-migrate family',
      'import pattern',
    ]);
    expect(ways(await all(store.locks!()))).to.deep.equal([
      'deploy cachectl-owner',
      'framework/command-migrate family',
    ]);
  });

  it('takes no random text for an owner: bare strings are entries here', async () => {
    const store = open();
    await store.put('token', string('0123456789abcdef'), 60);
    await store.put('entry', string(`at the end ${newOwner()}`), 60);
    await store.put('long', string(newOwner() + 'x'.repeat(4000)), 60);
    // A serialized object: other flags than those of bare text.
    const first = servers.slice(0, 1);
    await servers[0]!.say(`set app-object 4 60 14\r\ncachectl:owner`);
    expect(await all(store.locks!())).to.deep.equal([]);
    expect(await all(open('app-', first).locks!())).to.deep.equal([]);
  });

  it('has no ids of tags and no fences, whatever the pattern', async () => {
    const store = open();
    await store.tags(['people']).put('ann', string('Ann'), 60);
    await store.increment(fenceKey('deploy'), 1n);
    const names = (await all(store.locks!({ pattern: '*' }))).map(({ name }) => name);
    expect(names).to.have.lengthOf(1);
    expect(names[0]).to.match(/^[\da-f]{40}:ann$/);
  });

  it('shows the beginning of a long value, and leaves out what is not text', async () => {
    const store = open('app-', servers.slice(0, 1));
    await store.put('import:big', string('0123456789'.repeat(80_000)), 60);
    await store.put('import:bigger', string('abcdefghij'.repeat(90_000)), 60);
    // Marked as compressed by FastLZ, although it is not.
    await servers[0]!.say('set app-import:odd 80 60 3\r\nodd');
    const listed = await all(store.locks!({ pattern: 'import:*' }));
    expect(ways(listed)).to.deep.equal(['import:big pattern', 'import:bigger pattern']);
    for (const { owner } of listed) expect(owner).to.have.lengthOf(1024);
  });

  it('finds them among thousands of entries, and none of other prefixes', async () => {
    const store = open();
    await store.putMany(numbered(6000));
    await open('other-').lock('theirs').acquire(newOwner(), 60);
    const names = Array.from({ length: 50 }, (_, number) => `deploy-${String(number).padStart(2, '0')}`);
    for (const name of names) await store.lock(name).acquire(newOwner(), 60);
    expect(ways(await all(store.locks!()))).to.deep.equal(names.map((name) => `${name} cachectl-owner`));
  });

  it('finds a lock that another client put under a key with white space', async () => {
    const store = open('app-', servers.slice(0, 1));
    await store.lock('deploy').acquire(newOwner(), 60);
    const [first] = servers;
    const binary = new BinaryConnection(
      { server: { host: '127.0.0.1', port: first!.port, weight: 1 }, location: 'there', timeoutMs: 10_000 },
      undefined,
    );
    const [key, value] = [Buffer.from('app-a b'), Buffer.from(newOwner())];
    const [response] = await binary.ask([{ opcode: 1, key, extras: Buffer.alloc(8), value }]);
    binary.close();
    expect(response!.status).to.equal(0);
    expect(ways(await all(store.locks!()))).to.deep.equal(['a b cachectl-owner', 'deploy cachectl-owner']);
  });

  it('ends on the signal, also in the middle', async () => {
    const store = open();
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) await store.lock(name).acquire(newOwner(), 60);
    const ended = new AbortController();
    const told: string[] = [];
    const listing = (async () => {
      for await (const { name } of store.locks!({ signal: ended.signal })) {
        told.push(name);
        ended.abort();
      }
    })();
    expect(await failure(listing)).to.have.property('name', 'AbortError');
    expect(told).to.have.length.within(1, 5);
  });
});

function* numbered(count: number): Generator<NewEntry> {
  for (let number = 0; number < count; number++) yield { key: `n:${number}`, value: string(`n ${number}`), ttl: null };
}

/** By name. */
function ways(listed: readonly ListedLock[]): string[] {
  return listed.map(({ name, detectedBy }) => `${name} ${detectedBy}`).toSorted();
}
