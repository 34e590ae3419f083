import { expect } from 'chai';

import type { RedisCluster } from '../../support/redis-cluster.js';
import type { RedisServer } from '../../support/redis-server.js';

import { string } from '../../../src/codecs/value.js';
import { newOwner } from '../../../src/stores/locks/owner.js';
import { slotOf } from '../../../src/stores/redis/client/key-slot.js';
import { failure } from '../../../src/testing/suite/stores.js';
import { cachectl } from '../../support/cli.js';
import { openOnCluster, startRedisCluster } from '../../support/redis-cluster.js';

const ENTRIES = 3000;

describe('scripts on every primary of a Redis cluster', () => {
  let cluster: RedisCluster;

  before(async function () {
    cluster = await startRedisCluster(this);
  });

  after(async () => cluster?.stop());

  beforeEach(async () => {
    for (const { client } of cluster.nodes) {
      await client.flushall();
      await client.config('RESETSTAT');
    }

    const store = await openOnCluster(cluster);
    await store.putMany(entries('k', ENTRIES));
    await store.tags!(['people']).putMany(entries('t', ENTRIES));
    await store.lock!('deploy').acquire(newOwner(), 3600);
    await store.close();
  });

  const url = (user = ''): string => `redis+cluster://${user}127.0.0.1:${cluster.nodes[0]!.port}?prefix=app-`;

  async function calls(command: string): Promise<readonly number[]> {
    const infos = await Promise.all(cluster.nodes.map(({ client }) => client.info('commandstats')));
    return infos.map((info) => Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(info)?.[1] ?? 0));
  }

  async function sizes(): Promise<number> {
    return sum(await Promise.all(cluster.nodes.map(({ client }) => client.dbsize())));
  }

  async function members(set: string): Promise<number> {
    const counts = await Promise.all(
      cluster.nodes.map(async ({ client }) => client.zcard(set).catch(() => 0)), // Only one node has the set.
    );
    return sum(counts);
  }

  /** Each node refuses the keys of the others, and so stores its own. */
  async function fill(prefix: string, size: number): Promise<void> {
    const script = `for at = 1, ARGV[2] do redis.pcall('SET', ARGV[1] .. 'f' .. at, 's:1:"v";') end`;
    await Promise.all(cluster.nodes.map(async ({ client }) => client.eval(script, 0, prefix, size)));
    for (const { client } of cluster.nodes) await client.config('RESETSTAT');
  }

  it('compute the slot that the servers do', async () => {
    const keys = [
      '',
      'app-users:1',
      '{tag}a',
      'a{}b{c}',
      '{}{a}',
      'a{b}{c}',
      '{',
      '}{',
      'žluť',
      '{ž}x',
      'a'.repeat(300),
    ];
    const { client } = cluster.nodes[0]!;
    const slots = await Promise.all(keys.map(async (key) => client.cluster('KEYSLOT', key)));
    expect(keys.map((key) => slotOf(key))).to.deep.equal(slots);
    expect(slotOf(Buffer.from([0xff, 0x00]))).to.equal(await client.cluster('KEYSLOT', Buffer.from([0xff, 0x00])));
  });

  it('flush, and keep locks', async () => {
    const { code, out, err } = await cachectl(['flush', '--yes', '--json', '--url', url()]);
    expect(code, err).to.equal(0);
    expect(JSON.parse(out)).to.deep.include({ removed: 2 * ENTRIES, keptLocks: 1 });
    expect(await sizes()).to.equal(1);
    for (const scripts of await calls('eval')) expect(scripts).to.be.at.least(2);
  });

  it('flush slot by slot, with one command for the keys of a slot, and touch no other prefix', async () => {
    await fill('app-', 46_000);
    await fill('apple-', 1000);
    const { out } = await cachectl(['flush', '--yes', '--json', '--url', url()]);
    expect(JSON.parse(out)).to.deep.include({ removed: 2 * ENTRIES + 46_000, keptLocks: 1 });
    expect(await sizes()).to.equal(1001);
    for (const commands of await calls('unlink')) expect(commands).to.be.within(4500, 5600);
  });

  it('flush a prefix with a hash tag, which has all keys in one slot, with one command for a page', async () => {
    await fill('{app}-', 5000);
    const { out } = await cachectl(['flush', '--yes', '--json', '--url', url().replace('app-', '{app}-')]);
    expect(JSON.parse(out)).to.deep.include({ removed: 5000, keptLocks: 0 });
    expect(await sizes()).to.equal(2 * ENTRIES + 2);
    expect(sum(await calls('unlink'))).to.be.within(1, 200);
  });

  it('flush a tag, and keep the rest', async () => {
    const { out } = await cachectl(['tags:flush', 'people', '--yes', '--json', '--url', url()]);
    expect(JSON.parse(out)).to.deep.include({ removed: ENTRIES });
    expect(await sizes()).to.equal(ENTRIES + 1);
  });

  it('flush a tag of several pages; an interruption leaves no member whose entry is gone', async () => {
    const many = 10_000;
    const store = await openOnCluster(cluster);
    const tagged = store.tags!(['many']);
    await tagged.putMany(entries('m', many));
    const aborting = new AbortController();
    const stopped = tagged.flush({ dryRun: false, signal: aborting.signal, onProgress: () => aborting.abort() });
    expect(await failure(stopped)).to.equal(aborting.signal.reason);
    const left = await tagged.flush({ dryRun: true });
    expect(left).to.be.within(1, many - 1);
    expect(await members('app-tag:many:entries')).to.equal(left);
    expect(await tagged.flush({ dryRun: false })).to.equal(left);
    expect(await members('app-tag:many:entries')).to.equal(0);
    await store.close();
  });

  it('count, list locks, export and copy', async () => {
    expect((await cachectl(['keys', '--count', '--url', url()])).out).to.equal(`${2 * ENTRIES + 1}\n`);
    expect((await cachectl(['lock:list', '--url', url()])).out).to.include('deploy');
    const copied = await cachectl(['copy', '--url', url(), '--to-url', url().replace('app-', 'copy-')]);
    expect(copied.code, copied.err).to.equal(0);
    const [one, other] = await Promise.all(
      [url(), url().replace('app-', 'copy-')].map(async (from) => cachectl(['export', '--url', from])),
    );
    expect(lines(one!.out)).to.have.length(2 * ENTRIES);
    expect(lines(other!.out)).to.deep.equal(lines(one!.out));
  });

  it('are not needed: without them everything is done in round trips', async () => {
    for (const { client } of cluster.nodes) {
      await client.call('ACL', 'SETUSER', 'app', 'on', '>pw', '~*', '+@all', '-@scripting');
      await client.config('RESETSTAT');
    }

    const user = url('app:pw@');
    expect((await cachectl(['keys', '--count', '--url', user])).out).to.equal(`${2 * ENTRIES + 1}\n`);
    expect((await cachectl(['lock:list', '--url', user])).out).to.include('deploy');
    expect(lines((await cachectl(['export', '--url', user])).out)).to.have.length(2 * ENTRIES);
    const tag = await cachectl(['tags:flush', 'people', '--yes', '--json', '--url', user]);
    expect(JSON.parse(tag.out)).to.deep.include({ removed: ENTRIES });
    const { out } = await cachectl(['flush', '--yes', '--json', '--url', user]);
    expect(JSON.parse(out)).to.deep.include({ removed: ENTRIES, keptLocks: 1 });
    expect(await sizes()).to.equal(1);
    expect(await calls('eval')).to.deep.equal([0, 0, 0]);
  });

  describe('while a slot moves', () => {
    const [key] = ['k7'];
    const slot = slotOf(`app-${key!}`);
    let from: RedisServer;
    let to: RedisServer;

    beforeEach(async () => {
      const owners = await Promise.all(
        cluster.nodes.map(async ({ client }) => client.exists(`app-${key!}`).catch(() => 0)),
      );
      from = cluster.nodes[owners.indexOf(1)]!;
      to = cluster.nodes[(owners.indexOf(1) + 1) % 3]!;
      const [source, target] = await Promise.all(
        [from, to].map(async ({ client }) => String(await client.cluster('MYID'))),
      );
      await to.client.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', source!);
      await from.client.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', target!);
      await from.client.call('MIGRATE', '127.0.0.1', to.port, `app-${key!}`, 0, 5000);
    });

    afterEach(async () => {
      for (const { client } of cluster.nodes) await client.flushall();
      for (const { client } of [from, to]) await client.call('CLUSTER', 'SETSLOT', slot, 'STABLE');
    });

    it('flush removes the keys that have moved already, and does not claim to be complete', async () => {
      const { code, err } = await cachectl(['flush', '--yes', '--url', url()]);
      expect(code).to.equal(4);
      expect(err)
        .to.match(/slots of the .* moved between servers/)
        .and.to.match(/6,?000/);
      // The lock, and the tag set, which comes last.
      expect(await sizes()).to.equal(2);
    });

    it('export and import follow the redirections', async () => {
      const exported = await cachectl(['export', '--url', url()]);
      expect(lines(exported.out)).to.have.length(2 * ENTRIES);
      await cachectl(['flush', '--yes', '--locks', '--url', url()]);
      const imported = await cachectl(['import', '-', '--url', url()], { input: exported.out });
      expect(imported.code, imported.err).to.equal(0);
      expect(lines((await cachectl(['export', '--url', url()])).out)).to.deep.equal(lines(exported.out));
    });
  });
});

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function entries(head: string, count: number) {
  return Array.from({ length: count }, (_, at) => ({ key: `${head}${at}`, value: string('v'), ttl: null }));
}

function lines(out: string): readonly string[] {
  return out.split('\n').filter(Boolean).toSorted();
}
