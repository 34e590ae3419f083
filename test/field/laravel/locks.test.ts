import { expect } from 'chai';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { cachectl, type Result } from '../../support/cli.js';
import { type Laravel13Redis, readLaravel13 } from '../../support/laravel13.js';
import { onTwoStores } from '../../support/places.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { scratchFolder } from '../../support/scratch.js';

const FAMILIES = /^(?:laravel_unique_job:|laravel-queue-overlap:|framework\/schedule-|illuminate:cache:flexible:lock:)/;
const MADE_UP = /^(?:[\dA-Za-z]{16}|[\dA-Za-z]{20})$/;

describe('field: locks that Laravel 13 wrote on Redis', () => {
  let server: RedisServer;

  before(async function () {
    server = await startRedis(this, '--databases', '3');
  });

  beforeEach(async () => server.flush());

  after(async () => server?.stop());

  async function load({ entries }: Laravel13Redis): Promise<void> {
    for (const { key, database, ttl, value_base64: value } of entries) {
      if (value === undefined) continue;
      await server.client.select(database);
      await server.client.set(key, Buffer.from(value, 'base64'));
      if (ttl > 0) await server.client.expire(key, ttl);
    }
  }

  for (const name of ['default', 'one-connection', 'serializer-igbinary', 'compression-lz4', 'compression-zstd-19']) {
    it(`are listed and kept, unlike all other entries (${name})`, async () => {
      const group = readLaravel13().redis[name]!;
      await load(group);
      const { database, lock_database: lockDatabase, serializer, compression } = group;
      const prefix = group.connection_prefix + group.cache_prefix;
      const isApart = database !== lockDatabase;
      const packing = [
        ...(serializer === 'none' ? [] : [`, serializer: ${serializer}`]),
        ...(compression === 'none' ? [] : [`, compression: ${compression}`]),
      ].join('');
      const prefixes = `connectionPrefix: ${group.connection_prefix}, prefix: ${group.cache_prefix}`;
      const base = `driver: redis, url: 'redis://127.0.0.1:${server.port}/${database}', ${prefixes}${packing}`;
      const locks = isApart ? `, locks: { database: ${lockDatabase} }` : '';
      const config = path.join(scratchFolder('laravel13'), 'cachectl.yaml');
      writeFileSync(config, `default: a\nprofiles: { a: { ${base}${locks} } }\n`);
      const run = async (...args: string[]): Promise<Result> => cachectl([...args, '--config', config]);

      const strings = group.entries.filter((entry) => entry.value_base64 !== undefined);
      const told = strings
        .filter(({ kind }) => kind === 'lock')
        .map(
          ({ key, value_base64: value }) =>
            [key.slice(prefix.length), Buffer.from(value!, 'base64').toString()] as const,
        )
        // Among the entries, a custom owner looks like the value of another program.
        .filter(([lock, owner]) => isApart || FAMILIES.test(lock) || MADE_UP.test(owner))
        .map(([lock]) => lock);
      const listed = JSON.parse((await run('lock:list', '--json')).out) as Array<{ name: string }>;
      expect(listed.map((lock) => lock.name).toSorted()).to.deep.equal(told.toSorted());

      const kept = isApart ? 0 : told.length;
      const removed = strings.length - told.length;
      const flushed = JSON.parse((await run('flush', '--yes', '--json')).out);
      expect(flushed).to.include({ removed, keptLocks: kept });
      expect(JSON.parse((await run('flush', '--locks-only', '--yes', '--json')).out)).to.deep.equal({
        removed: told.length,
        keptLocks: 0,
        scope: 'locks',
        dryRun: false,
      });
      expect((await run('lock:list', '--json')).out).to.equal('[]\n');
    });
  }
});

describe('field: flush --locks-only, as cache:clear --locks of Laravel 13', () => {
  onTwoStores((place) => {
    it('removes the locks, counts them with --dry-run, and keeps the entries', async () => {
      await place.run(['put', 'k', 'v']);
      for (const name of ['deploy', 'import']) await place.run(['lock:acquire', name, '--ttl', '10m']);
      await place.run(['lock:acquire', 'laravel_unique_job:Sync:1', '--ttl', '10m', '--owner', 'worker']);
      const dry = await place.run(['flush', '--locks-only', '--dry-run']);
      expect(dry).to.include({ code: 0, out: 'would remove 3 locks\n' });
      const unasked = await place.run(['flush', '--locks-only']);
      expect(unasked.code).to.equal(2);
      expect(unasked.err).to.include('--yes');
      expect(JSON.parse((await place.run(['lock:list', '--json'])).out)).to.have.length(3);
      const done = await place.run(['flush', '--locks-only', '--yes']);
      expect(done).to.include({ code: 0, out: 'removed 3 locks\n' });
      expect(done.err).to.include('All holders lose their locks.');
      expect((await place.run(['lock:list', '--json'])).out).to.equal('[]\n');
      expect((await place.run(['get', 'k'])).out).to.equal('v\n');
      expect((await place.run(['lock:acquire', 'deploy', '--ttl', '1m'])).code).to.equal(0);
    });

    it('is refused with flags that contradict it', async () => {
      for (const others of [['--locks'], ['--all'], ['--pattern', '*'], ['--larger-than', '1kB']]) {
        const { code, err } = await place.run(['flush', '--locks-only', '--yes', ...others]);
        expect(code).to.equal(2);
        expect(err).to.include('--locks-only');
      }
    });

    it('is warned about if a flush would end maintenance mode, and explains such entries', async () => {
      await place.run(['put', 'illuminate:foundation:down', 'x']);
      await place.run(['put', 'illuminate:queues:paused', 'true', '--as', 'json']);
      await place.run(['put', 'illuminate:queue:paused:redis:emails', 'true', '--as', 'json']);
      const { meaning } = JSON.parse((await place.run(['inspect', 'illuminate:foundation:down', '--json'])).out);
      expect(meaning).to.equal('the application is in maintenance mode');
      const listed = JSON.parse((await place.run(['keys', 'illuminate:queue:*', '--long', '--json'])).out);
      expect(listed[0]).to.include({ meaning: 'the queue redis:emails is paused' });
      const unlike = await place.run(['flush', '--pattern', 'users:*', '--yes']);
      expect(unlike.err).not.to.include('maintenance');
      const { code, err } = await place.run(['flush', '--yes']);
      expect(code).to.equal(0);
      expect(err).to.include('The application is in maintenance mode. This flush ends it.');
      expect(err).to.include('All queues are paused. This flush resumes them.');
    });
  });
});
