import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { RedisServer } from '../support/redis-server.js';

import { cachectl } from '../support/cli.js';
import { describeCounters, describeEntries, describeThousands, describeValues } from '../support/php-exchange.js';
import { describeLocks } from '../support/php-locks.js';
import { type PhpPeer, startPhpPeer } from '../support/php-peer.js';
import { shareRedis } from '../support/php-redis.js';
import { type Shared, type Traits } from '../support/php-shared.js';
import { startRedis } from '../support/redis-server.js';

const TRAITS: Traits = { bareNumbers: true, countsFromNothing: true, countsInOneStep: true, endlessLock: null };

describe('Redis, shared with a Laravel application', () => {
  let php: PhpPeer;
  let server: RedisServer;
  let shared: Shared;

  before(async function () {
    php = startPhpPeer(this, 'redis', 'Illuminate/Redis');
    server = await startRedis(this);
    shared = await shareRedis(php, server);
  });

  afterEach(async () => server.flush());

  after(async () => {
    await shared?.ours.close();
    await server?.stop();
    await php?.stop();
  });

  describe('values', () => describeValues(() => shared, TRAITS));

  describe('thousands of values', () => describeThousands(() => shared));

  describe('entries', () => describeEntries(() => shared));

  describe('counters', () => describeCounters(() => shared, TRAITS));

  describe('locks', () => describeLocks(() => shared, TRAITS));

  it('finds locks in another database than the entries', async () => {
    const theirs = php.cache({ store: 'redis', port: server.port, database: 1, lockDatabase: 0, prefix: 'shop-cache' });
    const folder = mkdtempSync(path.join(tmpdir(), 'cachectl-locks-'));
    const config = path.join(folder, 'cachectl.yaml');
    const place = `url: ${server.url.replace(/0$/, '1')}, prefix: 'shop-cache:', locks: { url: ${server.url} }`;
    writeFileSync(config, `default: shop\nprofiles: { shop: { driver: redis, ${place} } }\n`);
    const run = async (...args: string[]) => cachectl([...args, '--config', config]);
    try {
      await theirs.put('deploy', Buffer.from('s:5:"entry";'), 60);
      const { owner } = await theirs.acquire('deploy', 600);
      const refused = await run('lock:acquire', 'deploy', '--ttl', '1m');
      expect(refused.code).to.equal(1);
      expect(refused.err).to.include(owner);
      expect((await run('lock:release', 'deploy', '--owner', owner)).code).to.equal(0);
      expect((await run('get', 'deploy')).out).to.equal('entry\n');
      expect((await run('lock:acquire', 'deploy', '--ttl', '10m', '--owner', 'me')).code).to.equal(0);
      expect(await theirs.owner('deploy')).to.equal('me');
      expect(await theirs.release('deploy', 'me')).to.be.true;
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
