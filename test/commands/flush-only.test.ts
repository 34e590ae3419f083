import { expect } from 'chai';

import { onTwoStores } from '../support/places.js';

describe('flush with filters', () => {
  onTwoStores((place, driver) => {
    const tellsIdle = driver === 'redis' || driver === 'memcached';

    it('removes names that match, and lists them with --dry-run', async () => {
      await place.run(['put', 'users:1', 'a']);
      await place.run(['put', 'users:2', 'b']);
      await place.run(['put', 'posts:1', 'c']);
      const dry = await place.run(['flush', '--pattern', 'users:*', '--dry-run']);
      expect(dry).to.include({ code: 0, err: '' });
      expect(dry.out).to.match(/^would remove 2 entries, \d+ B\n {2}users:1\t\d+ B\n {2}users:2\t\d+ B\n$/);
      const json = JSON.parse((await place.run(['flush', '--pattern', 'users:*', '--dry-run', '--json'])).out);
      expect(json).to.deep.include({ wouldRemove: 2, keptLocks: 0, scope: 'prefix', only: { pattern: 'users:*' } });
      expect(json.examples.map(({ key }: { key: string }) => key)).to.deep.equal(['users:1', 'users:2']);
      const unasked = await place.run(['flush', '--pattern', 'users:*']);
      expect(unasked.code).to.equal(2);
      expect(unasked.err).to.include('removes entries that match users:* under the prefix shop-cache-');
      const { code, out } = await place.run(['flush', '--pattern', 'users:*', '--yes']);
      expect(code).to.equal(0);
      expect(out).to.match(/^removed 2 entries, \d+ B\n$/);
      expect((await place.run(['keys'])).out).to.equal('posts:1\n');
    });

    it('removes larger entries, and lists ten of many', async () => {
      // Random, since a compressible value may be small when stored.
      const large = Array.from({ length: 3000 }, () => Math.random().toString(36).at(-1)).join('');
      const lines = Array.from(
        { length: 12 },
        (_, number) => `${JSON.stringify({ key: `l:${number}`, value: large })}\n`,
      );
      await place.run(['put', '--from', '-'], { input: lines.join('') });
      await place.run(['put', 'small', 'x']);
      const { out } = await place.run(['flush', '--larger-than', '1.5kB', '--dry-run']);
      const shown = out.split('\n').filter(Boolean);
      expect(shown).to.have.lengthOf(12);
      expect(shown.at(-1)).to.equal('  and 2 more');
      const json = JSON.parse((await place.run(['flush', '--larger-than', '1500', '--yes', '--json'])).out);
      expect(json).to.include({ removed: 12, dryRun: false });
      expect(json.bytes).to.be.greaterThan(12 * 1500);
      expect((await place.run(['keys'])).out).to.equal('small\n');
    });

    it('keeps locks', async () => {
      await place.run(['put', 'deploy:log', 'x']);
      await place.run(['lock:acquire', 'deploy:lock', '--ttl', '60']);
      const { out, err } = await place.run(['flush', '--pattern', 'deploy:*', '--yes']);
      expect(out.startsWith('removed 1 entry, ')).to.be.true;
      expect(out.includes('kept 1 lock')).to.equal(place.lockStorage === 'among-entries');
      expect(err.includes('This store keeps locks among the entries')).to.equal(place.lockStorage === 'among-entries');
      expect((await place.run(['lock:list'])).out).to.include('deploy:lock');
    });

    it(`${tellsIdle ? 'keeps entries that were used since' : 'refuses idle times that are unknown'}`, async () => {
      await place.run(['put', 'a', '1']);
      const { code, out, err } = await place.run(['flush', '--idle-for', '1d', '--yes']);
      if (tellsIdle) expect({ code, out }).to.deep.equal({ code: 0, out: 'removed 0 entries, 0 B\n' });
      else {
        expect(code).to.equal(2);
        expect(err).to.include(`the ${driver} store does not record idle times`);
      }

      expect((await place.run(['get', 'a'])).code).to.equal(0);
    });

    it('refuses filters that match everything, and contradictions', async () => {
      await place.run(['put', 'a', '1']);
      for (const args of [
        ['--pattern', ''],
        ['--idle-for', '0'],
        ['--larger-than', 'big'],
        ['--pattern', 'a', '--all'],
        ['--pattern', 'a', '--locks'],
      ]) {
        expect((await place.run(['flush', '--yes', ...args])).code, args.join(' ')).to.equal(2);
      }

      expect((await place.run(['get', 'a'])).code).to.equal(0);
    });
  });
});
