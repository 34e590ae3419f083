import { expect } from 'chai';

import type { Result } from '../../support/cli.js';

import { onTwoStores } from '../../support/places.js';

const HASH = 'da39a3ee5e6b4b0d3255bfef95601890afd80709';
/** As `onOneServer()` names them up to Laravel 12, on Linux and on Windows. */
const MUTEXES = [`framework/schedule-${HASH}0905`, String.raw`framework\schedule-${HASH}0905`];
/** Names that an application may give to entries. */
const OTHERS = ['framework/schedule-daily', 'framework/schedules', 'frameworks', 'k'];

describe('field: the mutex of onOneServer(), an entry up to Laravel 12', () => {
  onTwoStores((place, driver) => {
    beforeEach(async () => {
      for (const name of MUTEXES) {
        await (driver === 'memcached'
          ? place.run(['put', name, 'true', '--as', 'json', '--ttl', '1h'])
          : place.plant(name, Buffer.from('b:1;')));
      }

      for (const name of OTHERS) await place.run(['put', name, 'v']);
    });

    const json = async (...args: string[]): Promise<unknown> => JSON.parse((await place.run([...args, '--json'])).out);
    const names = async (...args: string[]): Promise<string[]> =>
      ((await json(...args)) as Array<{ name: string }>).map(({ name }) => name).toSorted();
    const get = async (name: string): Promise<Result> => place.run(['get', name]);

    it('is kept and counted by flush, with and without a filter', async () => {
      const some = { removed: 2, keptLocks: 1 };
      expect(await json('flush', '--pattern', 'framework/*', '--dry-run')).to.include(dry(some));
      expect(await json('flush', '--pattern', 'framework/*', '--yes')).to.include(some);
      const all = { removed: 2, keptLocks: 2 };
      expect(await json('flush', '--dry-run')).to.include(dry(all));
      expect(await json('flush', '--yes')).to.include(all);
      expect(await json('flush', '--yes')).to.include({ removed: 0, keptLocks: 2 });
      for (const name of OTHERS) expect((await get(name)).code).to.equal(1);
      expect(await names('lock:list')).to.deep.equal(MUTEXES.toSorted());
    });

    it('is removed by flush --locks, with the entries', async () => {
      const all = { removed: 2 + OTHERS.length, keptLocks: 0 };
      expect(await json('flush', '--locks', '--dry-run')).to.include(dry(all));
      expect(await json('flush', '--locks', '--yes')).to.include(all);
      expect(await names('lock:list')).to.deep.equal([]);
    });

    it('is removed by flush --locks-only, without the entries', async () => {
      expect(await json('flush', '--locks-only', '--yes')).to.include({ removed: 2, keptLocks: 0 });
      expect(await names('lock:list')).to.deep.equal([]);
      for (const name of OTHERS) expect((await get(name)).out).to.equal('v\n');
    });

    it('is listed, shown, refused to others and broken like a lock', async () => {
      const listed = (await json('lock:list')) as Array<{ name: string; detectedBy: string }>;
      expect(listed.map(({ detectedBy }) => detectedBy)).to.deep.equal(['family', 'family']);
      for (const name of MUTEXES) {
        expect((await place.run(['lock:show', name])).code).to.equal(0);
        expect((await place.run(['lock:acquire', name, '--ttl', '1m'])).code).to.equal(1);
        expect((await place.run(['lock:release', name, '--force', '--yes'])).code).to.equal(0);
        expect((await place.run(['lock:show', name])).code).to.equal(1);
        expect((await get(name)).code).to.equal(1);
      }

      expect(await names('lock:list')).to.deep.equal([]);
    });

    it('is marked by inspect and left out of an export', async () => {
      expect(await json('inspect', MUTEXES[0]!)).to.have.property('lock');
      const { out, err } = await place.run(['export']);
      expect(out.trim().split('\n')).to.have.length(OTHERS.length);
      expect(err).to.include('2 locks');
    });
  });
});

/** The same in the words of a dry run. */
function dry({ removed, keptLocks }: { readonly removed: number; readonly keptLocks: number }) {
  return { wouldRemove: removed, keptLocks };
}
