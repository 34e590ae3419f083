import { expect } from 'chai';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';

import type { Store } from '../../src/stores/contract.js';
import type { LockEvent } from '../../src/stores/lock-contract.js';

import { openCodec } from '../../src/codecs/open.js';
import { UnreachableError } from '../../src/errors.js';
import { openMemcached } from '../../src/stores/memcached/store.js';
import { failure, until } from '../../src/testing/suite/stores.js';
import { memcachedProfile, type MemcachedServer, startMemcached } from '../support/memcached-server.js';

describe('Memcached’s locks, watched', () => {
  const servers: MemcachedServer[] = [];
  const stores: Store[] = [];
  const sockets: Socket[] = [];

  function open(among = servers): Store {
    const ports = among.map(({ port }) => port);
    const store = openMemcached(memcachedProfile(ports, 'app-'), openCodec('php'), { timeoutMs: 10_000 });
    stores.push(store);
    return store;
  }

  /** A client that has nothing of cachectl. */
  async function raw(server: MemcachedServer): Promise<{ address: string; say(command: string): Promise<string> }> {
    const socket = connect(server.port, '127.0.0.1');
    sockets.push(socket);
    await once(socket, 'connect');
    return {
      address: `127.0.0.1:${(socket.address() as AddressInfo).port}`,
      async say(command) {
        socket.write(`${command}\r\n`);
        const [answer] = (await once(socket, 'data')) as [Buffer];
        return answer.toString().trim();
      },
    };
  }

  async function watch(store: Store, ...names: string[]) {
    const controller = new AbortController();
    const stream = await store.watchLocks!(names, { signal: controller.signal });
    const events: LockEvent[] = [];
    const ended = (async () => {
      for await (const event of stream) events.push(event);
    })();
    ended.catch(() => {});
    return {
      events,
      ended,
      briefly: () => events.map(({ type, name, owner }) => [type, name, owner].filter(Boolean).join(' ')),
      async saw(type: LockEvent['type'], times = 1) {
        await until(() => events.filter((event) => event.type === type).length >= times);
      },
      async stop() {
        controller.abort();
        await ended;
      },
    };
  }

  before(async function () {
    // With an option, so that each is a server of its own.
    while (servers.length < 2) servers.push(await startMemcached(this, '-m', '64'));
  });

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await Promise.all(stores.splice(0).map((store) => store.close()));
    await Promise.all(servers.map((server) => server.flush()));
  });

  after(async () => Promise.all(servers.map((server) => server.stop())));

  it('tell who tries in vain, and by what the holder changes', async () => {
    const [server] = servers;
    const [ann, bob] = [await raw(server!), await raw(server!)];
    expect(await ann.say('add app-held 0 0 3\r\nann')).to.equal('STORED');
    const watched = await watch(open([server!]), 'deploy', 'held');
    expect(await ann.say('add app-deploy 0 60 3\r\nann')).to.equal('STORED');
    await watched.saw('acquired');
    expect(await bob.say('add app-deploy 0 60 3\r\nbob')).to.equal('NOT_STORED');
    expect(await bob.say('add app-other 0 60 3\r\nbob')).to.equal('STORED');
    expect(await bob.say('add app-other 0 60 3\r\nbob')).to.equal('NOT_STORED');
    await watched.saw('contended');
    expect(await ann.say('touch app-deploy 900')).to.equal('TOUCHED');
    await watched.saw('refreshed');
    expect(await ann.say('delete app-deploy')).to.equal('DELETED');
    await watched.saw('released');
    expect(await bob.say('add app-deploy 0 60 3\r\nbob')).to.equal('STORED');
    await watched.saw('acquired', 2);
    await watched.stop();
    expect(watched.briefly()).to.deep.equal([
      'held held ann',
      'acquired deploy ann',
      'contended deploy',
      'refreshed deploy ann',
      'released deploy ann',
      'acquired deploy bob',
    ]);
    expect(watched.events[2]!.client).to.deep.equal({ address: bob.address });
    expect(watched.events[0]!.ttl).to.equal(null);
    expect(watched.events[3]!.ttl).to.be.within(890, 900);
  });

  it('tell that a ttl is over', async () => {
    const watched = await watch(open(), 'deploy');
    await open().lock('deploy').acquire('ann', 1);
    await watched.saw('expired');
    await watched.stop();
    expect(watched.briefly()).to.deep.equal(['acquired deploy ann', 'expired deploy ann']);
  });

  it('are watched on each server of a pool that has one, whatever their names', async () => {
    const names = Array.from({ length: 12 }, (_, number) => `nasazení:%${number}`);
    const store = open();
    const watched = await watch(store, ...names);
    for (const name of names) expect(await store.lock(name).acquire('ann', 60)).to.equal(true);
    for (const name of names) expect(await store.lock(name).acquire('bob', 60)).to.equal(false);
    await watched.saw('acquired', names.length);
    await watched.saw('contended', names.length);
    await watched.stop();
    const contended = watched.events.filter(({ type }) => type === 'contended');
    expect(contended.map(({ name }) => name).toSorted()).to.deep.equal(names.toSorted());
  });

  it('end with an error when a server goes away', async function () {
    const own = await startMemcached(this, '-m', '64');
    const watched = await watch(open([own]), 'deploy');
    await own.kill();
    expect(await failure(watched.ended)).to.be.instanceOf(UnreachableError);
  });
});
