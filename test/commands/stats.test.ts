import { expect } from 'chai';
import { Redis } from 'ioredis';

import { cachectl } from '../support/cli.js';
import { expectFault } from '../support/faults.js';
import { type MemcachedServer, startMemcached } from '../support/memcached-server.js';
import { onSqlServers, onTwoStores, type PersistentDriver, type Place, redisPlace } from '../support/places.js';

type Fact = null | number | string | undefined;

interface Stats {
  readonly [name: string]: unknown;
  readonly servers: ReadonlyArray<Readonly<Record<string, Fact>> & { readonly error?: { readonly message: string } }>;
  readonly notes: readonly string[];
  readonly sample?: {
    readonly entries: number;
    readonly complete: boolean;
    readonly sizes: Spread;
    readonly ttls: Spread & { readonly never: number; readonly unknown: number };
  };
}

interface Spread {
  readonly median: null | number;
  readonly max: null | number;
  readonly buckets: ReadonlyArray<{ readonly from: number; readonly to: null | number; readonly entries: number }>;
}

const FACTS = [
  'entries',
  'bytes',
  'maxBytes',
  'hits',
  'misses',
  'hitRatio',
  'evictions',
  'expired',
  'memory',
  'fragmentation',
  'clients',
  'commands',
  'commandsPerSecond',
  'software',
  'version',
  'uptime',
  'role',
  'replicas',
];

/** In addition to the figures. */
const DESCRIPTIVE = ['driver', 'location', 'prefix', 'underPrefix', 'servers', 'notes'];

describe('stats', () => {
  function behaviour(place: Place, driver: 'mysql' | 'postgres' | PersistentDriver): void {
    it('has one shape, without unknown figures', async () => {
      await place.run(['put', 'a', 'v', '--ttl', '10m']);
      await place.run(['get', 'a', 'none']);
      const stats = await statsOf(place);
      expect(stats).to.include.keys('driver', 'location', 'prefix', 'underPrefix', 'entries', 'bytes');
      expect([...DESCRIPTIVE, ...FACTS]).to.include.members(Object.keys(stats));
      expect(stats).to.include({ driver, prefix: 'shop-cache-', underPrefix: 1, entries: 1 });
      expect(stats.notes).to.deep.equal([]);
      const [server] = stats.servers;
      expect(stats.servers).to.have.lengthOf(1);
      expect(server).to.include.keys('name', 'details', 'entries', 'bytes');
      expect(['name', 'details', ...FACTS]).to.include.members(Object.keys(server!));
      if (driver === 'redis') expect(server).to.include.keys(FACTS);
      const counts = driver === 'redis' || driver === 'memcached';
      for (const fact of ['hits', 'misses', 'hitRatio', 'evictions', 'clients', 'uptime'] as const) {
        if (counts) expect(stats[fact], fact).to.be.a('number');
        else if (fact !== 'clients' && fact !== 'uptime') expect(stats[fact], fact).to.equal(undefined);
      }

      if (counts) expect(stats.hits).to.be.at.least(1);
      if (driver === 'mysql') {
        expect(server).to.include.keys('clients', 'commands', 'uptime', 'version');
        expect(server!.details).to.include({ expiredRows: 0 }).and.to.include.keys('indexBytes', 'freeBytes');
      } else if (driver === 'postgres') {
        expect(server).to.include.keys('clients', 'uptime', 'version').and.to.include({ role: 'primary' });
        expect(server!.details).to.include({ expiredRows: 0 }).and.to.include.keys('indexBytes', 'deadRows');
      }
    });

    it('prints name and number of each figure in a pipe', async () => {
      await place.run(['put', 'a', 'v']);
      const { code, out, err } = await place.run(['stats']);
      expect({ code, err }).to.deep.equal({ code: 0, err: '' });
      const lines = new Map(
        out
          .trimEnd()
          .split('\n')
          .map((line) => line.split('\t') as [string, string]),
      );
      expect(lines.get('entries')).to.equal('1');
      expect([...lines.values()]).not.to.include('null');
    });

    it('shows the distribution of sizes and TTLs of a sample', async () => {
      await place.run(['put', 'large', 'x'.repeat(1500), '--ttl', '2h']);
      await place.run(['put', 'small', 'v', '--ttl', '30s']);
      await place.run(['put', 'forever', 'v']);
      const { sample } = await statsOf(place, '--sample', '500');
      expect(sample).to.include({ entries: 3, complete: true });
      expect(sample!.ttls).to.include({ never: 1, unknown: 0 });
      expect(sample!.ttls.max).to.be.within(7100, 7200);
      expect(sample!.sizes.max).to.be.within(1500, 1700);
      expect(sum(sample!.sizes)).to.equal(3);
      expect(sum(sample!.ttls)).to.equal(2);
      const { out, err } = await place.run(['stats', '--sample=2']);
      expect(err).to.include('a sample of 2 entries');
      expect(out).to.match(/^sample\.ttls\.buckets\.0\.to\t60$/m);
    });

    it('prints a line for each interval of --watch', async () => {
      await place.run(['put', 'a', 'v']);
      const { code, out } = await place.run(['stats', '--watch', '--for', '1s', '--json']);
      expect(code).to.equal(0);
      const lines = out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Readonly<Record<string, Fact>>);
      expect(lines).to.have.lengthOf(1);
      for (const line of lines) {
        expect(line.seconds).to.be.greaterThan(0);
        expect(line.entries).to.equal(1);
        expect(line).to.include.keys('at', 'seconds', 'entries', 'bytes');
        if (driver === 'sqlite') expect(line).not.to.include.any.keys('hitsPerSecond', 'clients');
        if (driver !== 'redis') continue;
        expect(line).to.include.keys('hitsPerSecond', 'missesPerSecond', 'commandsPerSecond', 'memory', 'clients');
        expect(line).to.include.keys('evictionsPerSecond', 'expiredPerSecond');
      }
    });
  }

  onTwoStores(behaviour);
  onSqlServers(behaviour);

  describe('of a Redis server', () => {
    const place = redisPlace();

    it('names the missing right, and shows the rest', async () => {
      const client = new Redis(place.url());
      await client.call('ACL', ['SETUSER', 'limited', 'reset', 'on', '>pw', '~*', '+@all', '-info']);
      await place.run(['put', 'a', 'v']);
      const url = place.url().replace('redis://', 'redis://limited:pw@');
      const { code, out, err } = await cachectl(['stats', '--url', url]);
      expect(code).to.equal(0);
      expect(out).to.match(/^entries\t1$/m);
      expect(out).not.to.include('hits');
      expect(err).to.match(/refused: .*info/);
      const stats = JSON.parse((await cachectl(['stats', '--url', url, '--json'])).out) as Stats;
      expect(stats).to.include({ entries: 1 }).and.not.to.include.any.keys('hits', 'version');
      expect(stats.notes).to.have.lengthOf(1);
      await client.call('ACL', ['DELUSER', 'limited']);
      client.disconnect();
    });

    it('counts the commands of others between two intervals', async () => {
      await place.run(['put', 'a', 'v']);
      const client = new Redis(place.url());
      const run = place.start(['stats', '--watch', '--json']);
      while (!/"hitsPerSecond":[1-9]/.test(run.output())) await client.get('shop-database-shop-cache-a');
      run.child.kill('SIGINT');
      expect((await run.ended).code).to.equal(130);
      client.disconnect();
    });

    it('ends when its reader leaves', async () => {
      const run = place.start(['stats', '--watch']);
      await run.saw('\t');
      run.child.stdout.destroy();
      expect((await run.ended).code).to.equal(0);
    });
  });

  it('shows the servers of a pool that answer, and names the one that does not', async function () {
    const servers: MemcachedServer[] = [];
    try {
      for (let number = 0; number < 2; number++) servers.push(await startMemcached(this, '-m', '64'));
      const url = `memcached://${servers.map(({ address }) => address).join(',')}`;
      await servers[1]!.kill();
      const { code, out, err } = await cachectl(['stats', '--url', url]);
      expect(code).to.equal(4);
      expect(out).to.match(/^entries\t0$/m);
      expect(err).to.include(`memcached ${servers[1]!.address} refuses connections`);
      const watch = await cachectl(['stats', '--watch', '--for', '2s', '--url', url]);
      expect(watch.err.match(/^\S+ is no longer included: memcached .* refuses connections$/gm)).to.have.lengthOf(1);
      await servers[0]!.kill();
      expectFault(await cachectl(['stats', '--url', url]), { code: 3, message: 'refuses connections' });
    } finally {
      await Promise.all(servers.map(async (server) => server.stop()));
    }
  });

  it('creates no missing file', async () => {
    const url = 'sqlite:///tmp/cachectl-no-such-folder/cache.sqlite';
    const { code, out, err } = await cachectl(['stats', '--url', url]);
    expect(code).to.equal(0);
    expect(out).to.match(/^entries\t0$/m);
    expect(err).to.include('does not exist yet');
    expect((await cachectl(['stats', '--url', url])).err).to.equal(err);
  });

  it('refuses what it cannot do', async () => {
    const refused: ReadonlyArray<readonly [args: string[], message: string]> = [
      [['5'], 'unexpected argument 5'],
      [['--sample', '0'], 'invalid sample size "0"'],
      [['--sample', 'many'], 'invalid sample size "many"'],
      [['--interval', '1s'], '--watch'],
      [['--watch', '--interval', '0'], '--interval must be more than 0'],
      [['--watch', '--sample'], '--watch'],
    ];
    for (const [args, message] of refused) {
      expectFault(await cachectl(['stats', ...args, '--url', 'sqlite:none.sqlite']), { code: 2, message });
    }
  });
});

async function statsOf(place: Place, ...args: string[]): Promise<Stats> {
  const { code, out, err } = await place.run(['stats', '--json', ...args]);
  expect({ code, err }).to.deep.equal({ code: 0, err: '' });
  expect(out.trimEnd()).not.to.include('\n');
  return JSON.parse(out) as Stats;
}

function sum({ buckets }: Spread): number {
  return buckets.reduce((total, { entries }) => total + entries, 0);
}
