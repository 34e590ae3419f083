import { expect } from 'chai';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { cachectl } from '../support/cli.js';
import { laravelConfig } from '../support/laravel-config.js';
import { type MemcachedServer, startMemcached } from '../support/memcached-server.js';
import { type PhpCache, type PhpCacheSettings, type PhpPeer, startPhpPeer } from '../support/php-peer.js';
import { type RedisCluster, startRedisCluster } from '../support/redis-cluster.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

const DATABASE = fileURLToPath(new URL('../fixtures/laravel12.sqlite', import.meta.url));

const ILLUMINATE = ['Illuminate/Redis', 'Illuminate/Database', 'Illuminate/Filesystem'] as const;

const VERSIONS = [
  { major: 10, version: 'v10.48.29', join: '_', store: 'CACHE_DRIVER' },
  { major: 11, version: 'v11.46.1', join: '_', store: 'CACHE_STORE' },
  // Its skeleton has hyphens, while the framework's own defaults have underscores.
  { major: 12, version: 'v12.67.0', join: '-', store: 'CACHE_STORE' },
  { major: 13, version: 'v13.26.1', join: '-', store: 'CACHE_STORE' },
] as const;

describe('a Laravel application, by its folder', () => {
  let php: PhpPeer;
  let redis: RedisServer;
  let cluster: RedisCluster;
  let memcached: MemcachedServer;
  let folder: string;

  before(async function () {
    php = startPhpPeer(this, 'redis', 'memcached', 'pdo_sqlite', ...ILLUMINATE);
    redis = await startRedis(this, '--databases', '16');
    memcached = await startMemcached(this);
    cluster = await startRedisCluster(this);
  });

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'cachectl-application-'));
    await Promise.all([memcached.flush(), ...[redis, ...cluster.nodes].map(async ({ client }) => client.flushall())]);
  });

  afterEach(() => rmSync(folder, { force: true, recursive: true }));

  after(async () => {
    await Promise.all([redis?.stop(), memcached?.stop(), cluster?.stop()]);
    await php?.stop();
  });

  const write = (file: string, text: string): void => {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), text);
  };

  /** An application as `composer create-project` leaves it, with these lines in its `.env`. */
  const application = ({ major, version }: (typeof VERSIONS)[number], env: Record<string, number | string>): void => {
    write('composer.lock', JSON.stringify({ packages: [{ name: 'laravel/framework', version }] }));
    const lines = Object.entries({ APP_NAME: '"My Shop"', ...env }).map(([name, value]) => `${name}=${value}\n`);
    write('.env', lines.join(''));
    // 13 runs on the defaults of the framework.
    if (major === 13) return;
    const { cache, database } = laravelConfig(major);
    write('config/cache.php', cache);
    write('config/database.php', database);
  };

  /**
   * PHP writes an entry and acquires a lock, and cachectl must see both.
   * @param stored the name of the lock in PHP
   */
  const expectFound = async (theirs: PhpCache, stored = 'deploy'): Promise<void> => {
    expect(await theirs.put('users:1', Buffer.from('s:3:"Ann";'), 600)).to.equal(true);
    const { owner } = await theirs.acquire(stored, 600);
    const doctor = await cachectl(['doctor', '--laravel', folder, '--json', '--latency-samples', '0']);
    const { findings } = JSON.parse(doctor.out) as {
      findings: ReadonlyArray<{ subject: string; state: string; message: string }>;
    };
    expect(findings.filter(({ state }) => state === 'fault')).to.deep.equal([]);
    expect(doctor.code, doctor.out).to.equal(0);
    const found = findings.find(({ subject }) => subject === 'prefix' || subject === 'contents');
    // A file store has no prefix.
    expect(found?.message).to.match(/keys? begins? with|entr(?:y|ies) read/);
    expect((await cachectl(['get', 'users:1', '--laravel', folder])).out).to.equal('Ann\n');
    expect((await cachectl(['lock:show', 'deploy', '--laravel', folder, '--json'])).out).to.include(owner);
  };

  // Laravel 8, which PHP runs here, appends a colon to a cache prefix. With both prefixes in one, the keys are those of 10.
  const redisOf = (join: string): PhpCacheSettings => ({
    store: 'redis',
    port: redis.port,
    database: 1,
    lockDatabase: 0,
    connectionPrefix: ['my', 'shop', 'database', 'my', 'shop', 'cache', ''].join(join),
    prefix: '',
  });

  for (const each of VERSIONS) {
    const { major, join, store } = each;
    const prefix = ['my', 'shop', 'cache', ''].join(join);

    describe(`of Laravel ${major}`, () => {
      // predis writes what phpredis writes without options, so PHP needs only one of them here.
      for (const client of ['phpredis', 'predis']) {
        it(`is found on Redis with ${client}`, async () => {
          application(each, { [store]: 'redis', REDIS_CLIENT: client, REDIS_PORT: redis.port });
          await expectFound(php.cache(redisOf(join)));
        });
      }

      it('is found in its files', async () => {
        application(each, { [store]: 'file' });
        const files = path.join(folder, 'storage', 'framework', 'cache', 'data');
        mkdirSync(files, { recursive: true });
        // PHP runs a Laravel before 12.36, which puts nothing in front of the names of locks.
        const lock = major < 12 ? 'deploy' : 'file-store-lock:deploy';
        await expectFound(php.cache({ store: 'file', path: files }), lock);
      });

      it('is found on a cluster', async () => {
        const [node] = cluster.nodes as [RedisServer];
        const nodes = `[['host' => env('REDIS_HOST', '127.0.0.1'), 'port' => env('REDIS_PORT')]]`;
        application(each, { [store]: 'redis', REDIS_PORT: node.port });
        const redisPart = `'options' => ['cluster' => 'redis', 'prefix' => 'app:'], 'clusters' => ['cache' => ${nodes}]`;
        write('config/database.php', `<?php\nreturn ['redis' => ['client' => 'phpredis', ${redisPart}]];\n`);
        const redisStore = `'redis' => ['driver' => 'redis', 'connection' => 'cache', 'lock_connection' => 'cache']`;
        write(
          'config/cache.php',
          `<?php return ['default' => 'redis', 'stores' => [${redisStore}], 'prefix' => 'c:'];`,
        );
        const nodesOf = cluster.nodes.map(({ port }) => port);
        await expectFound(
          php.cache({ store: 'redis', port: node.port, nodes: nodesOf, connectionPrefix: 'app:c:', prefix: '' }),
        );
      });

      it('is found on Memcached', async () => {
        application(each, { [store]: 'memcached', MEMCACHED_PORT: memcached.port });
        const servers = [{ host: '127.0.0.1', port: memcached.port, weight: 100 }];
        await expectFound(php.cache({ store: 'memcached', servers, prefix: '', options: { PREFIX_KEY: prefix } }));
      });

      it('is found in its SQLite database', async () => {
        application(each, { [store]: 'database', DB_CONNECTION: 'sqlite' });
        mkdirSync(path.join(folder, 'database'));
        const file = path.join(folder, 'database', 'database.sqlite');
        copyFileSync(DATABASE, file);
        await expectFound(php.cache({ store: 'database', path: file, prefix }));
      });
    });
  }
});
