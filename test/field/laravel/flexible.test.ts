import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { until } from '../../../src/testing/suite/stores.js';
import { memcachedPlace, type Place, redisPlace } from '../../support/places.js';

const CREATED = 'illuminate:cache:flexible:created:rates';
const LOCK = 'illuminate:cache:flexible:lock:';
/** The hash of these tags as Laravel 13 wrote it, in test/fixtures/laravel13.json. */
const TAGS = ['--tags', 'fx,fy'];
const ON_REDIS = '59b6c74556afb6009724bb316d9db54c56c22ce1:rates';

describe('field: Cache::flexible within tags', () => {
  isRefreshedOnce('on Redis', redisPlace, ON_REDIS);

  isRefreshedOnce('on Memcached', memcachedPlace);
});

function isRefreshedOnce(where: string, open: () => Place, known?: string): void {
  describe(where, () => {
    const place = open();
    let folder = '';

    beforeEach(async () => {
      folder = mkdtempSync(path.join(tmpdir(), 'cachectl-flexible-'));
      await place.run(['put', 'rates', 'old', ...TAGS]);
      const longAgo = String(Math.floor(Date.now() / 1000) - 100);
      await place.run(['put', CREATED, longAgo, '--as', 'json', ...TAGS]);
    });

    afterEach(() => {
      // A command that still waits continues.
      writeFileSync(path.join(folder, 'go'), '');
      rmSync(folder, { force: true, recursive: true });
    });

    async function remembered(): Promise<string> {
      const waits = `until [ -e ${path.join(folder, 'go')} ] || ! [ -d ${folder} ]; do sleep 0.05; done; printf new`;
      const kept = ['--ttl', '1s', '--stale', '1h', '--value-only'];
      const { code, out } = await place.run(['remember', 'rates', ...TAGS, ...kept, '--', 'sh', '-c', waits]);
      expect(code).to.equal(0);
      return out;
    }

    async function keyWithin(): Promise<string> {
      const { listedKey } = JSON.parse((await place.run(['inspect', 'rates', ...TAGS, '--json'])).out);
      return listedKey as string;
    }

    async function ownerOf(name: string): Promise<string | undefined> {
      return JSON.parse((await place.run(['lock:show', name, '--json'])).out).owner as string | undefined;
    }

    it('is refreshed by one side only: the lock of either Laravel version excludes cachectl', async () => {
      const within = await keyWithin();
      if (known !== undefined) expect(within).to.equal(known);
      const [older, newer] = ['rates', within].map((key) => LOCK + key);
      for (const [held, other] of [
        [newer!, older!],
        [older!, newer!],
      ] as const) {
        await place.run(['lock:acquire', held, '--ttl', '1h', '--owner', 'aZ3kQ9sLmN1pR7tV']);
        expect(await remembered()).to.equal('old');
        // A refreshing process holds both, and its command still waits.
        expect(await ownerOf(other)).to.equal(undefined);
        expect(await ownerOf(held)).to.equal('aZ3kQ9sLmN1pR7tV');
        await place.run(['lock:release', held, '--owner', 'aZ3kQ9sLmN1pR7tV']);
      }
    });

    it('is refreshed under both locks, which exclude either Laravel version', async () => {
      const names = ['rates', await keyWithin()].map((key) => LOCK + key);
      expect(await remembered()).to.equal('old');
      const [older, newer] = [await ownerOf(names[0]!), await ownerOf(names[1]!)];
      expect(older)
        .to.match(/^cachectl:/)
        .and.equal(newer);
      writeFileSync(path.join(folder, 'go'), '');
      await until(async () => (await place.run(['get', 'rates', ...TAGS])).out === 'new\n');
      for (const name of names) await until(async () => (await ownerOf(name)) === undefined);
    });
  });
}
