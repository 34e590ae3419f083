import { expect } from 'chai';

import type { RedisProfile } from '../../../src/profiles/profile.js';
import type { Store } from '../../../src/stores/contract/store.js';
import type { FaultProxy } from '../../support/fault-proxy.js';
import type { RedisSentinel } from '../../support/redis-sentinel.js';
import type { RedisServer } from '../../support/redis-server.js';

import { openCodec } from '../../../src/codecs/open.js';
import { string } from '../../../src/codecs/value.js';
import { UnreachableError } from '../../../src/errors.js';
import { openRedis } from '../../../src/stores/redis/store.js';
import { failure, textOf } from '../../../src/testing/suite/stores.js';
import { startSilentServer } from '../../support/fault-proxy.js';
import { startRedisSentinel } from '../../support/redis-sentinel.js';
import { freePort, startRedis } from '../../support/redis-server.js';

describe('Redis behind sentinels', () => {
  let primary: RedisServer;
  let sentinel: RedisSentinel;
  let silent: FaultProxy | undefined;
  const stores: Store[] = [];

  before(async function () {
    primary = await startRedis(this, '--databases', '4');
    sentinel = await startRedisSentinel(this, primary.port);
  });

  afterEach(async () => Promise.all(stores.splice(0).map((store) => store.close())));

  after(async () => {
    await silent?.stop();
    await sentinel?.stop();
    await primary?.stop();
  });

  async function open(name: string, ...ports: number[]): Promise<Store> {
    const nodes = ports.map((port) => ({ host: '127.0.0.1', port }));
    const connection = { kind: 'sentinel', nodes, primary: name, database: 2 } as const;
    const common = { driver: 'redis', name: 'test', codec: 'php', protected: false } as const;
    const profile: RedisProfile = { ...common, connectionPrefix: '', prefix: 'app-cache-', connection };
    const store = await openRedis(profile, openCodec('php'), { timeoutMs: 2000 });
    stores.push(store);
    return store;
  }

  it('is written at the primary, in the database of the profile', async () => {
    const store = await open('mymaster', sentinel.port);
    await store.put('k', string('v'), 60);
    expect(textOf(await store.get('k'))).to.equal('v');
    await primary.client.select(2);
    expect(await primary.client.get('app-cache-k')).to.equal('s:1:"v";');
    expect(await store.flush({ scope: 'prefix', locks: false, dryRun: false })).to.include({ removed: 1 });
  });

  it('is found through the next sentinel if one does not answer', async () => {
    const store = await open('mymaster', await freePort(), sentinel.port);
    await store.put('k', string('v'), 60);
    expect(textOf(await store.get('k'))).to.equal('v');
  });

  it('is found through the next sentinel if one accepts and stays silent', async () => {
    silent = await startSilentServer();
    const store = await open('mymaster', silent.port, sentinel.port);
    await store.put('k', string('v'), 60);
    expect(textOf(await store.get('k'))).to.equal('v');
  });

  it('has locks there', async () => {
    const lock = (await open('mymaster', sentinel.port)).lock('deploy');
    expect(await lock.acquire('ann', 60)).to.be.true;
    expect(await (await open('mymaster', sentinel.port)).lock('deploy').acquire('bob', 60)).to.be.false;
    expect(await lock.release('ann')).to.be.true;
  });

  it('has events from there', async () => {
    const store = await open('mymaster', sentinel.port);
    const controller = new AbortController();
    const stream = await store.events({ signal: controller.signal, enable: true });
    await (await open('mymaster', sentinel.port)).put('heard', string('v'), 60);
    const { value } = await stream[Symbol.asyncIterator]().next();
    expect(value).to.include({ type: 'KeyWritten', key: 'heard' });
    controller.abort();
  });

  it('is refused if they know no such primary, or none answers', async () => {
    for (const store of [await open('other', sentinel.port), await open('mymaster', await freePort())]) {
      const error = await failure(store.get('k'));
      expect(error).to.be.instanceOf(UnreachableError);
      expect((error as Error).message).to.contain('named no primary');
    }
  });
});
