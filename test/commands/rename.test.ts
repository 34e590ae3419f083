import { expect } from 'chai';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { cachectl } from '../support/cli.js';
import { type MemcachedServer, startMemcached } from '../support/memcached-server.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { scratchFolder } from '../support/scratch.js';

describe('rename, touch --pattern and --if-present', () => {
  let redis: RedisServer;
  let memcached: MemcachedServer;
  let folder: string;
  const urls: Record<string, () => string> = {
    redis: () => `${redis.url}?prefix=ren-`,
    sqlite: () => `sqlite://${folder}/cache.sqlite`,
    memcached: () => `memcached://${memcached.address}?prefix=ren-`,
  };

  before(async function () {
    redis = await startRedis(this);
    memcached = await startMemcached(this);
  });

  beforeEach(async () => {
    folder = scratchFolder('rename');
    await redis.client.flushall();
  });

  after(async () => Promise.all([redis?.stop(), memcached?.stop()]));

  for (const [store, url] of Object.entries(urls)) {
    it(`keeps the value and the TTL, and replaces another entry only with --force: ${store}`, async () => {
      const at = ['--url', url()];
      await cachectl(['put', 'a', '[1]', '--as', 'json', '--ttl', '1h', ...at]);
      await cachectl(['put', 'b', 'other', ...at]);
      const taken = await cachectl(['rename', 'a', 'b', '--json', ...at]);
      expect(taken).to.include({ code: 1, out: '{"key":"a","newKey":"b","renamed":false}\n' });
      expect(await cachectl(['rename', 'a', 'b', '--force', ...at])).to.include({ code: 0, err: '' });
      const { out } = await cachectl(['get', 'b', '--json', ...at]);
      const { value, ttl } = JSON.parse(out) as { value: unknown; ttl: number };
      expect(value).to.deep.equal([1]);
      expect(ttl).to.be.within(3500, 3600);
      expect((await cachectl(['get', 'a', ...at])).code).to.equal(1);
      expect((await cachectl(['rename', 'a', 'c', ...at])).code).to.equal(1);
      expect((await cachectl(['rename', 'a', 'c', '--if-present', ...at])).code).to.equal(0);
      expect((await cachectl(['rename', 'b', 'c', ...at])).code).to.equal(0);
      expect((await cachectl(['get', 'c', ...at])).out).to.equal('[1]\n');
      await cachectl(['forget', 'c', ...at]);
    });
  }

  it('refuses a lock, a tagged entry, one key twice, and a protected profile without a yes', async () => {
    const at = ['--url', urls.redis!()];
    await cachectl(['lock:acquire', 'deploy', '--ttl', '1m', ...at]);
    await cachectl(['put', 'John', 'x', '--tags', 'people', ...at]);
    await cachectl(['put', 'a', '1', ...at]);
    const [tagged = ''] = (await cachectl(['keys', '*:John', ...at])).out.split('\n');
    for (const words of [
      ['deploy', 'x'],
      ['a', 'deploy', '--force'],
      [tagged, 'John'],
      ['a', 'a'],
    ]) {
      const { code, err } = await cachectl(['rename', ...words, ...at]);
      expect(code, err).to.equal(2);
    }

    expect((await cachectl(['lock:show', 'deploy', ...at])).code).to.equal(0);
    await redis.client.rpush('ren-list', 'x');
    expect((await cachectl(['rename', 'list', 'x', ...at])).code).to.equal(3);
    writeFileSync(
      path.join(folder, 'cachectl.yaml'),
      `profiles: { shop: { driver: redis, url: '${redis.url}', prefix: ren-, protected: true } }\n`,
    );
    expect((await cachectl(['rename', 'a', 'b'], { cwd: folder })).code).to.equal(2);
    expect((await cachectl(['rename', 'a', 'b', '--yes', '--confirm', 'shop'], { cwd: folder })).code).to.equal(0);
  });

  it('touches what matches, and neither locks nor tagged entries', async () => {
    const at = ['--url', urls.redis!()];
    const input = JSON.stringify(Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`v:${index}`, index])));
    await cachectl(['put', '--from', '-', ...at], { input });
    await cachectl(['put', 'v:John', 'x', '--tags', 'people', ...at]);
    await cachectl(['lock:acquire', 'v:lock', '--ttl', '0', ...at]);
    const dry = await cachectl(['touch', '--pattern', '*v:*', '--ttl', '1h', '--dry-run', '--json', ...at]);
    expect(dry.out).to.equal('{"wouldTouch":300,"skippedTagged":1,"dryRun":true}\n');
    const refused = await cachectl(['touch', '--pattern', 'v:*', '--ttl', '1h', ...at]);
    expect(refused.code).to.equal(2);
    expect(refused.err).to.include('--yes');
    expect(await redis.client.ttl('ren-v:7')).to.equal(-1);
    const done = await cachectl(['touch', '--pattern', 'v:*', '--ttl', '1h', '--yes', ...at]);
    expect(done).to.include({ code: 0, out: 'touched 300 entries\n' });
    expect(await redis.client.ttl('ren-v:7')).to.be.within(3500, 3600);
    expect(await redis.client.ttl('ren-v:lock')).to.equal(-1);
    const forever = await cachectl(['touch', '--pattern', 'v:*', '--forever', '--yes', '--json', ...at]);
    expect(forever.out).to.equal('{"changed":300,"skippedTagged":0,"dryRun":false}\n');
    expect(await redis.client.ttl('ren-v:7')).to.equal(-1);
  });

  it('refuses touch with keys and a pattern, and a dry run of keys', async () => {
    const at = ['--ttl', '1h', '--url', urls.redis!()];
    for (const words of [
      ['a', '--pattern', 'a*'],
      ['--pattern', ''],
      ['a', '--dry-run'],
    ]) {
      expect((await cachectl(['touch', ...words, ...at])).code).to.equal(2);
    }
  });

  it('exits 0 on a miss with --if-present', async () => {
    const at = ['--url', urls.redis!()];
    for (const words of [
      ['forget', 'none'],
      ['touch', 'none', '--ttl', '1m'],
    ]) {
      expect((await cachectl([...words, ...at])).code).to.equal(1);
      expect((await cachectl([...words, '--if-present', ...at])).code).to.equal(0);
    }
  });
});
