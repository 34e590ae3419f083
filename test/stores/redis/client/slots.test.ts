import { expect } from 'chai';

import type { Store } from '../../../../src/stores/contract/store.js';
import type { RedisCluster } from '../../../support/redis-cluster.js';
import type { RedisServer } from '../../../support/redis-server.js';

import { string } from '../../../../src/codecs/value.js';
import { UnreachableError } from '../../../../src/errors.js';
import { failure, until } from '../../../../src/testing/suite/stores.js';
import { openOnCluster, startRedisCluster } from '../../../support/redis-cluster.js';

const KEYS = Array.from({ length: 60 }, (_, number) => `k${number}`);

/** A slot of the first server that has none of the keys. */
const SLOT = 7;

describe('moving slots of a Redis cluster', () => {
  let cluster: RedisCluster;
  let store: Store;

  before(async function () {
    cluster = await startRedisCluster(this);
    store = await openOnCluster(cluster);
    await store.putMany(KEYS.map((key) => ({ key, value: string('v'), ttl: null })));
  });

  after(async () => {
    await store?.close();
    await cluster?.stop();
  });

  /** List all keys, and run `meanwhile` after the first one. */
  async function listed(meanwhile: () => Promise<unknown>): Promise<readonly string[]> {
    const found: string[] = [];
    for await (const key of store.keys('*')) {
      if (found.length === 0) await meanwhile();
      found.push(key);
    }

    return found.toSorted();
  }

  it('do not disturb a listing if nothing moves after all', async () => {
    const [from, to] = cluster.nodes as [RedisServer, RedisServer];
    const id = String(await from.client.cluster('MYID'));
    await to.client.call('CLUSTER', 'SETSLOT', SLOT, 'IMPORTING', id);
    expect(await listed(async () => {})).to.deep.equal(KEYS.toSorted());
    await to.client.call('CLUSTER', 'SETSLOT', SLOT, 'STABLE');
  });

  it('fail a listing, because keys may have been missed', async () => {
    const [from, to] = cluster.nodes as [RedisServer, RedisServer];
    const id = String(await to.client.cluster('MYID'));
    const move = async (): Promise<void> => {
      for (const { client } of [to, from]) await client.call('CLUSTER', 'SETSLOT', SLOT, 'NODE', id);
    };

    const error = await failure(listed(move));
    expect(error).to.be.instanceOf(UnreachableError);
    expect((error as Error).message).to.match(
      /^slots of the redis cluster at \S+ moved between servers during the command/,
    );
    expect(await listed(async () => {})).to.deep.equal(KEYS.toSorted());
  });

  it('are followed by polling', async () => {
    const [first, second, third] = cluster.nodes as [RedisServer, RedisServer, RedisServer];
    expect(await seen(store)).to.deep.equal([first, second, third].map(({ port }) => `127.0.0.1:${port}`).toSorted());
    for (const { client } of [third, first, second]) await client.call('CLUSTER', 'DELSLOTSRANGE', 10_923, 16_383);
    await second.client.call('CLUSTER', 'ADDSLOTSRANGE', 10_923, 16_383);
    for (const { client } of cluster.nodes) {
      await until(async () => String(await client.cluster('INFO')).includes('cluster_slots_assigned:16384'));
    }

    expect(await seen(store)).to.deep.equal([first, second].map(({ port }) => `127.0.0.1:${port}`).toSorted());
  });
});

async function seen(store: Store): Promise<readonly string[]> {
  const { servers } = await store.stats!({ brief: true });
  return servers.map(({ name }) => name).toSorted();
}
