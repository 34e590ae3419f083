import { expect } from 'chai';

import type { Result } from '../../support/cli.js';

import { until } from '../../../src/testing/suite/stores.js';
import { cachectl, start } from '../../support/cli.js';
import { doctor } from '../../support/doctor.js';
import { expectFault, withRedis } from '../../support/faults.js';
import { type RedisCluster, startRedisCluster } from '../../support/redis-cluster.js';

const TTL = '10m';

/** A server that refuses EVAL in one of the ways that people set up. */
interface Setup {
  /** For a user with all other permissions. */
  url(): string;
  /** The number of all keys. */
  keys(): Promise<number>;
  /** The remaining TTL of a key, in milliseconds. */
  left(key: string): Promise<number>;
}

/** Everything that normally uses a script must work without one. */
function worksWithoutScripts({ url, keys, left }: Setup): void {
  const run = async (...args: string[]): Promise<Result> => cachectl(args, { env: { CACHECTL_URL: url() } });
  const acquire = async (): Promise<string> => {
    const { code, out } = await run('lock:acquire', 'deploy', '--ttl', TTL);
    expect(code).to.equal(0);
    return out.trim();
  };

  it('a lock is acquired, refreshed and released by its owner only', async () => {
    const owner = await acquire();
    expect(await run('lock:refresh', 'deploy', '--owner', 'another', '--ttl', '1h')).to.include({ code: 1 });
    expect(await run('lock:refresh', 'deploy', '--owner', owner, '--ttl', '1h')).to.include({ code: 0 });
    const { out } = await run('lock:show', 'deploy', '--json');
    expect((JSON.parse(out) as { ttl: number }).ttl).to.be.within(3000, 3600);
    expect(await run('lock:refresh', 'deploy', '--owner', owner, '--ttl', '0')).to.include({ code: 0 });
    expect(JSON.parse((await run('lock:show', 'deploy', '--json')).out)).to.include({ ttl: null });
    expect(await run('lock:release', 'deploy', '--owner', 'another')).to.include({ code: 1 });
    expect(await run('lock:release', 'deploy', '--owner', owner)).to.include({ code: 0 });
    expect(await keys()).to.equal(0);
  });

  it('lock:run keeps its lock for longer than the ttl, and gives it back', async () => {
    const held = start(['lock:run', 'deploy', '--ttl', '3s', '--url', url(), '--', 'sh', '-c', 'echo held; read _']);
    await held.saw('held');
    // The remaining TTL grows only by a renewal: two of them show that renewing continues.
    for (let times = 0; times < 2; times++) {
      let before = await left('deploy');
      await until(async () => {
        const now = await left('deploy');
        const hasGrown = now > before;
        before = now;
        return hasGrown;
      });
    }

    held.child.stdin.end('\n');
    expect((await held.ended).code).to.equal(0);
    expect(await keys()).to.equal(0);
  });

  it('a waiter hears of the release', async () => {
    const owner = await acquire();
    const waiter = start(['lock:acquire', 'deploy', '--ttl', TTL, '--wait', TTL, '--json', '--url', url()]);
    const { out } = await firstWaiter(run);
    expect(out).to.include('waiters');
    expect(await run('lock:release', 'deploy', '--owner', owner)).to.include({ code: 0 });
    const { owner: next } = JSON.parse((await waiter.ended).out) as { owner: string };
    expect(await run('lock:release', 'deploy', '--owner', next)).to.include({ code: 0 });
  });

  it('entries are added, counted, pulled, tagged, remembered and flushed', async () => {
    expect(await run('add', 'k', 'one', '--ttl', TTL)).to.include({ code: 0 });
    expect(await run('add', 'k', 'two', '--ttl', TTL)).to.include({ code: 1 });
    expect(await run('pull', 'k')).to.include({ code: 0, out: 'one\n' });
    expect(await run('pull', 'k')).to.include({ code: 1, out: '' });
    expect(await run('increment', 'n', '--by', '3')).to.include({ code: 0, out: '3\n' });
    expect(await run('put', 't', 'x', '--tags', 'people', '--ttl', TTL)).to.include({ code: 0 });
    expect(await run('tags:flush', 'people', '--yes')).to.include({ code: 0, out: 'removed 1 entry\n' });
    expect(await run('remember', 'r', '--ttl', TTL, '--', 'echo', 'made')).to.include({ code: 0, out: 'made\n' });
    expect((await run('keys')).out.split('\n').toSorted()).to.deep.equal(['', 'n', 'r']);
    expect(await run('flush', '--yes')).to.include({ code: 0, out: 'removed 2 entries\n' });
    expect(await keys()).to.equal(0);
  });

  it('a number that phpredis packed is counted with its ttl kept', async () => {
    const packed = `${url()}?serializer=igbinary`;
    expect(await cachectl(['put', 'n', '5', '--as', 'json', '--ttl', TTL, '--url', packed])).to.include({ code: 0 });
    expect(await cachectl(['increment', 'n', '--url', packed])).to.include({ code: 0, out: '6\n' });
    const { out } = await cachectl(['get', 'n', '--json', '--url', packed]);
    expect((JSON.parse(out) as { ttl: number }).ttl).to.be.within(1, 600);
    expect(await run('forget', 'n')).to.include({ code: 0 });
  });

  it('doctor finds that locks work, and leaves nothing behind', async () => {
    const { about } = await doctor(['--url', url()]);
    expect(about('locks').state).to.equal('ok');
    expect(await keys()).to.equal(0);
  });
}

async function firstWaiter(run: (...args: string[]) => Promise<Result>): Promise<Result> {
  for (;;) {
    const shown = await run('lock:show', 'deploy', '--json');
    if ((JSON.parse(shown.out) as { waiters: unknown[] }).waiters.length > 0) return shown;
  }
}

describe('locks and counters on Redis without scripts', function () {
  this.timeout(120_000);

  describe('a user without +@scripting', () => {
    const redis = withRedis('--save', '');

    before(async () => {
      await redis().client.call('ACL', 'SETUSER', 'al', 'on', '>alspw', '~*', '&*', '+@all', '-@scripting');
    });
    worksWithoutScripts({
      url: () => `redis://al:alspw@127.0.0.1:${redis().port}`,
      keys: async () => redis().client.dbsize(),
      left: async (key) => redis().client.pttl(key),
    });
  });

  describe('EVAL renamed away', () => {
    const redis = withRedis('--rename-command', 'EVAL', '', '--rename-command', 'EVALSHA', '');
    worksWithoutScripts({
      url: () => redis().url.replace(/\/0$/, ''),
      keys: async () => redis().client.dbsize(),
      left: async (key) => redis().client.pttl(key),
    });
  });

  describe('a cluster without EVAL', () => {
    let cluster: RedisCluster;

    before(async function () {
      cluster = await startRedisCluster(this, '--rename-command', 'EVAL', '');
    });

    after(async () => cluster?.stop());
    worksWithoutScripts({
      url: () => `redis+cluster://${cluster.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
      async keys() {
        const sizes = await Promise.all(cluster.nodes.map(async ({ client }) => client.dbsize()));
        return sizes.reduce((sum, size) => sum + size, 0);
      },
      // Those that do not have the slot answer MOVED.
      async left(key) {
        return Promise.any(cluster.nodes.map(async ({ client }) => client.pttl(key)));
      },
    });
  });
});

describe('a Redis user that may use neither scripts nor transactions', () => {
  const redis = withRedis('--save', '');
  const url = (): string => `redis://bo:bospw@127.0.0.1:${redis().port}`;

  before(async () => {
    const rights = ['~*', '&*', '+@all', '-@scripting', '-@transaction'];
    await redis().client.call('ACL', 'SETUSER', 'bo', 'on', '>bospw', ...rights);
  });

  for (const command of [
    ['lock:acquire', 'deploy', '--ttl', '1h'],
    ['lock:acquire', 'deploy', '--ttl', '1h', '--wait', '1h'],
    ['lock:run', 'deploy', '--ttl', '1h', '--', 'echo', 'ran'],
    ['remember', 'k', '--ttl', '1h', '--', 'echo', 'ran'],
  ]) {
    it(`takes no lock that it could not release: ${command.join(' ')}`, async () => {
      expectFault(await cachectl(command, { env: { CACHECTL_URL: url() } }), {
        code: 3,
        message: 'WATCH is not allowed either: the lock could not be renewed or released, so it was not acquired',
        hint: 'ACL SETUSER',
      });
      expect(await redis().client.dbsize()).to.equal(0);
    });
  }

  it('doctor reports it, and leaves nothing behind', async () => {
    const { about } = await doctor(['--url', url()]);
    expect(about('permissions').message).to.include('lock:run (EVAL)');
    expect(about('locks').state).to.equal('fault');
    expect(await redis().client.dbsize()).to.equal(0);
  });
});
