import { expect } from 'chai';

import type { RedisServer } from '../../support/redis-server.js';

import { string } from '../../../src/codecs/value.js';
import { newOwner } from '../../../src/stores/locks/owner.js';
import { until } from '../../../src/testing/suite/stores.js';
import { cachectl, type Result } from '../../support/cli.js';
import { expectFault } from '../../support/faults.js';
import { openOnCluster, type RedisCluster, startRedisCluster } from '../../support/redis-cluster.js';
import { startHostlessCluster, startOneNodeCluster, withUser } from '../../support/redis-deployments.js';

const KEYS = Array.from({ length: 30 }, (_, number) => `k${String(number).padStart(2, '0')}`);
const QUERY = '?prefix=app-';

/** Commands that visit all keys, and their output for 30 entries, one tag and one lock. */
const LISTINGS: ReadonlyArray<readonly [command: string, args: readonly string[], out: RegExp]> = [
  ['keys', ['keys'], /^(?:\S+\n){32}$/],
  ['keys --count', ['keys', '--count'], /^32\n$/],
  ['keys --long', ['keys', '--long'], /k29/],
  ['keys --tree', ['keys', '--tree'], /k29/],
  ['keys --sort', ['keys', '--sort', 'size', '--limit', '40'], /k29/],
  ['flush --dry-run', ['flush', '--dry-run'], /31 entries/],
  ['flush --pattern --dry-run', ['flush', '--pattern', '*', '--dry-run'], /31 entries/],
  ['flush --all --dry-run', ['flush', '--all', '--dry-run'], /33/],
  ['tags:list', ['tags:list'], /people/],
  ['tags:show', ['tags:show', 'people'], /tagged/],
  ['lock:list', ['lock:list'], /deploy/],
  ['stats', ['stats'], /\b32\b/],
  ['stats --sample', ['stats', '--sample', '100'], /31/],
  ['export', ['export'], /"k29"/],
];

/** A single node of a cluster: each of these commands would cover only a part of the keys. */
const WHOLE: ReadonlyArray<readonly string[]> = [
  ...LISTINGS.map(([, args]) => args),
  ['flush', '--yes'],
  ['flush', '--all', '--yes'],
  ['flush', '--locks', '--yes'],
  ['flush', '--pattern', '*', '--yes'],
  ['flush', '--larger-than', '1', '--yes'],
  ['tags:prune'],
  ['events:tail', '--enable', '--for', '1s'],
  ['events:tail', '--enable', '--source', 'monitor', '--for', '1s'],
  ['top', '--enable', '--for', '1s'],
  ['lock:watch', 'deploy', '--for', '1s'],
];

describe('Redis clusters in the field', () => {
  describe('of one node, which announces no host', () => {
    let node: RedisServer;

    before(async function () {
      node = await startOneNodeCluster(this);
    });

    after(async () => node?.stop());

    afterEach(async () => node.flush());

    for (const scheme of ['redis+cluster', 'redis']) {
      const at = (): string => `${scheme}://127.0.0.1:${node.port}${QUERY}`;
      wholeCache(scheme, at, () => [node]);

      it(`${scheme}:// passes doctor`, async () => {
        const { code, out } = await cachectl(['doctor', '--url', at()]);
        expect(code, out).to.equal(0);
      });
    }
  });

  describe('of three nodes that announce no host', () => {
    let cluster: RedisCluster;

    before(async function () {
      cluster = await startHostlessCluster(this);
    });

    after(async () => cluster?.stop());

    afterEach(async () => flushAll(cluster));

    const at = (): string => `redis+cluster://127.0.0.1:${cluster.nodes[0]!.port}${QUERY}`;
    wholeCache('redis+cluster', at, () => cluster.nodes);

    it('follow a moved slot', async () => {
      // In slot 7629, which the second node serves.
      const [first, second, third] = cluster.nodes as [RedisServer, RedisServer, RedisServer];
      const slot = Number(await first.client.cluster('KEYSLOT', 'app-x'));
      const id = String(await third.client.cluster('MYID'));
      const home = String(await second.client.cluster('MYID'));
      // The first node is not told, so it redirects clients to the second.
      await third.client.call('CLUSTER', 'SETSLOT', slot, 'NODE', id);
      await second.client.call('CLUSTER', 'SETSLOT', slot, 'NODE', id);
      const { code, err } = await cachectl(['put', 'x', 'y', '--url', at()]);
      expect(code, err).to.equal(0);
      expect(await third.client.exists('app-x')).to.equal(1);
      for (const { client } of cluster.nodes)
        await client.call('CLUSTER', 'SETSLOT', slot, 'NODE', home).catch(() => {});
    });
  });

  describe('of three nodes', () => {
    let cluster: RedisCluster;

    before(async function () {
      cluster = await startRedisCluster(this);
    });

    after(async () => cluster?.stop());

    const single = (): string => `${cluster.nodes[0]!.url}${QUERY}`;
    const whole = (): string => `redis+cluster://127.0.0.1:${cluster.nodes[0]!.port}${QUERY}`;

    for (const args of WHOLE) {
      it(`${args.join(' ')} at a single node is refused`, async () => {
        const result = await cachectl([...args, '--url', single()]);
        expectFault(result, {
          code: 3,
          message: 'is one node of a cluster',
          hint: 'redis+cluster://',
          out: result.out,
        });
        expect(result.out).not.to.match(/entries|\d/);
      });
    }

    it('doctor at a single node reports a fault', async () => {
      const { code, out } = await cachectl(['doctor', '--url', single()]);
      expect(code).to.equal(3);
      expect(out).to.include('is one node of a cluster').and.include('redis+cluster://');
    });

    it('copy from a single node is refused', async () => {
      const result = await cachectl(['copy', '--url', single(), '--to-url', 'sqlite:copy.sqlite']);
      expect(result.code, result.err).to.equal(3);
      expect(result.err).to.include('is one node of a cluster');
    });

    it('a single node is recognized for a user who may not list slots', async () => {
      for (const { client } of cluster.nodes) {
        await client.call('ACL', ['SETUSER', 'app', 'reset', 'on', '>pw', '~app-*', '+@read', '+@write', '+scan']);
      }

      const url = await withUser(cluster.nodes[0]!, 'app', '~app-*', '+@read', '+@write', '+scan');
      const result = await cachectl(['keys', '--count', '--url', `${url}${QUERY}`]);
      expectFault(result, { code: 3, message: 'is one node of a cluster' });
    });

    it('single keys at a node still work', async () => {
      const key = 'app-foo';
      const own = (await cluster.nodes[0]!.client.set(key, 's:1:"y";').catch(String)) === 'OK';
      const result = await cachectl(['get', 'foo', '--url', single()]);
      expect(result.code).to.equal(own ? 0 : 3);
    });

    it('name uncovered slots', async () => {
      const [first] = cluster.nodes as [RedisServer];
      for (const { client } of cluster.nodes) await client.call('CLUSTER', 'DELSLOTSRANGE', 100, 199).catch(() => {});
      try {
        for (const args of [['keys'], ['keys', '--count'], ['flush', '--yes'], ['export'], ['lock:list'], ['stats']]) {
          const result = await cachectl([...args, '--url', whole()]);
          expectFault(result, { code: 3, message: 'slots 100-199', hint: 'redis-cli --cluster' });
        }

        const { code, out } = await cachectl(['doctor', '--url', whole()]);
        expect({ code, out }).to.deep.include({ code: 3 });
        expect(out).to.include('slots 100-199');
      } finally {
        await first.client.call('CLUSTER', 'ADDSLOTSRANGE', 100, 199);
        for (const { client } of cluster.nodes) {
          await until(async () => String(await client.cluster('INFO')).includes('cluster_slots_assigned:16384'));
        }
      }
    });
  });

  describe('that have lost a node', () => {
    let cluster: RedisCluster;

    before(async function () {
      cluster = await startRedisCluster(this, '--cluster-require-full-coverage', 'no');
      await cluster.nodes[2]!.kill();
    });

    after(async () => cluster?.stop());

    for (const args of [
      ['keys'],
      ['keys', '--count'],
      ['flush', '--yes'],
      ['flush', '--all', '--yes'],
      ['flush', '--pattern', '*', '--yes'],
      ['export'],
      ['tags:list'],
      ['lock:list'],
      ['events:tail', '--enable', '--for', '1s'],
    ]) {
      it(`${args.join(' ')} names it`, async () => {
        const [first, , third] = cluster.nodes as [RedisServer, RedisServer, RedisServer];
        const url = `redis+cluster://127.0.0.1:${first.port}${QUERY}`;
        const result = await cachectl([...args, '--url', url]);
        expectFault(result, { code: 3, message: `127.0.0.1:${third.port} of redis cluster at`, out: result.out });
        expect(result.err).to.include('refuses connections');
      });
    }
  });

  it('name an announced address that is unreachable', async function () {
    const cluster = await startRedisCluster(this);
    try {
      const [first, , third] = cluster.nodes as [RedisServer, RedisServer, RedisServer];
      await third.client.config('SET', 'cluster-announce-ip', '127.0.0.9');
      await until(async () => String(await first.client.cluster('NODES')).includes('127.0.0.9'));
      const url = `redis+cluster://127.0.0.1:${first.port}${QUERY}`;
      const result = await cachectl(['keys', '--url', url]);
      const message = `127.0.0.9:${third.port} of redis cluster at 127.0.0.1:${first.port} refuses connections`;
      expectFault(result, { code: 3, message, hint: 'cluster-announce-ip' });
    } finally {
      await cluster.stop();
    }
  });
});

/** Commands for all keys cover all keys. */
function wholeCache(scheme: string, at: () => string, nodes: () => readonly RedisServer[]): void {
  async function fill(): Promise<void> {
    const store = await openOnCluster({ nodes: nodes(), async stop() {} });
    try {
      await store.putMany(KEYS.map((key) => ({ key, value: string('v'), ttl: null })));
      await store.tags!(['people']).put('tagged', string('v'), null);
      await store.lock!('deploy').acquire(newOwner(), 3600);
    } finally {
      await store.close();
    }
  }

  for (const [name, args, out] of LISTINGS) {
    it(`${scheme}:// ${name} covers the whole cluster`, async () => {
      await fill();
      const result = await cachectl([...args, '--url', at()]);
      expect(result.code, result.err).to.equal(0);
      expect(result.out).to.match(out);
    });
  }

  for (const [how, left] of [
    [['flush', '--yes'], 1],
    [['flush', '--locks', '--yes'], 0],
    [['flush', '--all', '--yes'], 0],
    [['flush', '--pattern', '*', '--yes'], 2],
    [['flush', '--larger-than', '1', '--yes'], 2],
  ] as const) {
    it(`${scheme}:// ${how.join(' ')} covers the whole cluster`, async () => {
      await fill();
      const result: Result = await cachectl([...how, '--url', at()]);
      expect(result.code, result.err).to.equal(0);
      const sizes = await Promise.all(nodes().map(({ client }) => client.dbsize()));
      expect(sizes.reduce((sum, size) => sum + size, 0)).to.equal(left);
    });
  }

  it(`${scheme}:// tags:flush and tags:prune --deep find their entries`, async () => {
    await fill();
    const pruned = await cachectl(['tags:prune', '--deep', '--url', at()]);
    expect(pruned.code, pruned.err).to.equal(0);
    const { out } = await cachectl(['tags:flush', 'people', '--yes', '--url', at()]);
    expect(out).to.include('1 entry');
  });

  it(`${scheme}:// copy and import transfer everything`, async () => {
    await fill();
    const exported = await cachectl(['export', '--url', at()]);
    await flushAll({ nodes: nodes() });
    const imported = await cachectl(['import', '-', '--url', at()], { input: exported.out });
    expect(imported.code, imported.err).to.equal(0);
    const { out } = await cachectl(['keys', '--count', '--url', at()]);
    expect(out).to.equal('31\n');
  });
}

async function flushAll({ nodes }: Pick<RedisCluster, 'nodes'>): Promise<void> {
  await Promise.all(nodes.map((node) => node.flush()));
}
