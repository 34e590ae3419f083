import { expect } from 'chai';

import type { Store } from '../../../src/stores/contract/store.js';

import { UnreachableError } from '../../../src/errors.js';
import { failure } from '../../../src/testing/suite/stores.js';
import { startMemcached } from '../../support/memcached-server.js';
import { MemcachedStores } from '../../support/memcached-stores.js';
import { watched } from '../../support/watched-locks.js';

describe('a watch of locks on Memcached', () => {
  const memcached = new MemcachedStores(2);
  const open = (among = memcached.servers): Store => memcached.open('app-', among);

  it('reports refused attempts, and how the holder changes', async () => {
    const [ann, bob] = [await memcached.client(), await memcached.client()];
    expect(await ann.say('add app-held 0 0 3\r\nann')).to.equal('STORED');
    const watch = await watched(open(memcached.servers.slice(0, 1)), 'deploy', 'held');
    expect(await ann.say('add app-deploy 0 60 3\r\nann')).to.equal('STORED');
    await watch.saw('acquired');
    expect(await bob.say('add app-deploy 0 60 3\r\nbob')).to.equal('NOT_STORED');
    expect(await bob.say('add app-other 0 60 3\r\nbob')).to.equal('STORED');
    expect(await bob.say('add app-other 0 60 3\r\nbob')).to.equal('NOT_STORED');
    await watch.saw('contended');
    expect(await ann.say('touch app-deploy 900')).to.equal('TOUCHED');
    await watch.saw('refreshed');
    expect(await ann.say('delete app-deploy')).to.equal('DELETED');
    await watch.saw('released');
    expect(await bob.say('add app-deploy 0 60 3\r\nbob')).to.equal('STORED');
    await watch.saw('acquired', 2);
    await watch.stop();
    expect(watch.briefly()).to.deep.equal([
      'held held ann',
      'acquired deploy ann',
      'contended deploy',
      'refreshed deploy ann',
      'released deploy ann',
      'acquired deploy bob',
    ]);
    expect(watch.events[2]!.client).to.deep.equal({ address: bob.address });
    expect(watch.events[0]!.ttl).to.equal(null);
    expect(watch.events[3]!.ttl).to.be.within(600, 900);
  });

  it('reports the end of a TTL', async () => {
    const watch = await watched(open(), 'deploy');
    // One second may be over before the next poll: Memcached counts whole seconds.
    await open().lock('deploy').acquire('ann', 2);
    await watch.saw('expired');
    await watch.stop();
    expect(watch.briefly()).to.deep.equal(['acquired deploy ann', 'expired deploy ann']);
  });

  it('covers each server of a pool with a lock, whatever its name', async () => {
    const names = Array.from({ length: 12 }, (_, number) => `nasazení:%${number}`);
    const store = open();
    const watch = await watched(store, ...names);
    for (const name of names) expect(await store.lock(name).acquire('ann', 60)).to.equal(true);
    for (const name of names) expect(await store.lock(name).acquire('bob', 60)).to.equal(false);
    await watch.saw('acquired', names.length);
    await watch.saw('contended', names.length);
    await watch.stop();
    const contended = watch.events.filter(({ type }) => type === 'contended');
    expect(contended.map(({ name }) => name).toSorted()).to.deep.equal(names.toSorted());
  });

  it('ends with an error if a server goes away', async function () {
    const own = await startMemcached(this, '-m', '64');
    const watch = await watched(open([own]), 'deploy');
    await own.kill();
    expect(await failure(watch.ended)).to.be.instanceOf(UnreachableError);
  });
});
