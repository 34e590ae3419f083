import { expect } from 'chai';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { cachectl } from '../support/cli.js';
import { onEveryStore } from '../support/places.js';
import { scratchFolder } from '../support/scratch.js';

describe('forget, flush and tags:flush', () => {
  onEveryStore((place) => {
    /** The report of a tag flush that removed that many entries. */
    const flushed = (done: string, number: number): string =>
      `${done} ${place.countsTagged ? `${number} entries` : 'every entry with these tags (the store does not count them)'}\n`;

    it('forget says which keys existed, and exits 1 if any did not', async () => {
      await place.run(['put', 'a', '1']);
      expect(await place.run(['forget', 'a', 'b'])).to.include({ code: 1, out: 'a\tforgotten\nb\twas not there\n' });
      await place.run(['put', 'a', '1']);
      expect(await place.run(['forget', 'a', '--json'])).to.include({
        code: 0,
        out: '{"key":"a","forgotten":true,"dryRun":false}\n',
      });
    });

    it('forget --dry-run removes nothing', async () => {
      await place.run(['put', 'a', '1']);
      expect((await place.run(['forget', 'a', '--dry-run'])).out).to.equal('a\tis there\n');
      expect((await place.run(['get', 'a'])).code).to.equal(0);
    });

    it('flush removes everything under the prefix, and only that', async () => {
      const other = place.url().replace('shop-cache-', 'blog-cache-');
      await cachectl(['put', 'a', 'theirs', '--url', other]);
      await place.run(['put', 'a', '1']);
      await place.run(['put', 'b', '2', '--tags', 't']);
      expect(await place.run(['flush', '--dry-run'])).to.include({ code: 0, out: 'would remove 2 entries\n' });
      expect(await place.run(['flush', '--yes'])).to.include({ code: 0, out: 'removed 2 entries\n' });
      expect((await place.run(['get', 'a'])).code).to.equal(1);
      expect((await cachectl(['get', 'a', '--url', other])).out).to.equal('theirs\n');
    });

    it('flush keeps a lock of cachectl, and removes it with --locks', async () => {
      await place.run(['put', 'a', '1']);
      const owner = (await place.run(['lock:acquire', 'deploy', '--ttl', '60'])).out.trim();
      expect((await place.run(['flush', '--yes'])).out).to.equal('removed 1 entry, kept 1 lock\n');
      expect((await place.run(['lock:release', 'deploy', '--owner', owner, '--dry-run'])).code).to.equal(0);
      await place.run(['flush', '--yes', '--locks']);
      expect((await place.run(['lock:acquire', 'deploy', '--ttl', '60'])).code).to.equal(0);
    });

    it('flush --all removes every prefix, with a warning', async () => {
      const other = place.url().replace('shop-cache-', 'blog-cache-');
      await cachectl(['put', 'a', 'theirs', '--url', other]);
      await place.run(['put', 'a', '1']);
      const result = await place.run(['flush', '--all', '--yes']);
      expect(result).to.include({ code: 0, out: 'removed 2 entries\n' });
      expect(result.err).to.include('other applications');
      expect((await cachectl(['get', 'a', '--url', other])).code).to.equal(1);
    });

    it('flush warns first if the store keeps locks among the entries', async () => {
      const { err } = await place.run(['flush', '--yes']);
      expect(err.includes('This store keeps locks among the entries')).to.equal(place.lockStorage === 'among-entries');
    });

    it('tags:flush removes entries with any of the tags, and succeeds a second time too', async () => {
      await place.run(['put', 'John', 'john', '--tags', 'people,artists']);
      await place.run(['put', 'Anne', 'anne', '--tags', 'people,authors']);
      await place.run(['put', 'Zed', 'zed', '--tags', 'authors']);
      await place.run(['put', 'plain', 'stays']);
      const command = ['tags:flush', 'people', 'artists'];
      expect((await place.run([...command, '--dry-run'])).out).to.equal(flushed('would remove', 2));
      expect((await place.run(['get', 'John', '--tags', 'people,artists'])).out).to.equal('john\n');
      expect(await place.run([...command, '--yes'])).to.include({ code: 0, out: flushed('removed', 2) });
      expect(await place.run([...command, '--yes'])).to.include({ code: 0, out: flushed('removed', 0) });
      expect((await place.run(['get', 'John', '--tags', 'people,artists'])).code).to.equal(1);
      expect((await place.run(['get', 'Anne', '--tags', 'people,authors'])).code).to.equal(1);
      expect((await place.run(['get', 'Zed', '--tags', 'authors'])).out).to.equal('zed\n');
      expect((await place.run(['get', 'plain'])).out).to.equal('stays\n');
    });

    it('tags:flush prints the number with --json, unless the store does not count', async () => {
      await place.run(['put', 'John', 'john', '--tags', 'people']);
      const { code, out } = await place.run(['tags:flush', 'people', '--yes', '--json']);
      expect(code).to.equal(0);
      expect(JSON.parse(out)).to.deep.equal({
        tags: ['people'],
        ...(place.countsTagged && { removed: 1 }),
        dryRun: false,
      });
    });
  });
});

describe('a protected profile', () => {
  const config = path.join(scratchFolder('protected'), 'cachectl.yaml');
  writeFileSync(config, 'profiles:\n  shop: {driver: sqlite, path: shop.sqlite, protected: true}\n');
  const run = async (...args: string[]) => cachectl([...args, '--config', config]);

  beforeEach(async () => run('put', 'a', '1'));

  for (const command of [['flush'], ['forget', 'a'], ['tags:flush', 't']]) {
    it(`requires its name for ${command[0]}, not only --yes`, async () => {
      const { code, err } = await run(...command, '--yes');
      expect(code).to.equal(2);
      expect(err).to.include('Add --confirm shop');
      expect((await run(...command, '--yes', '--confirm', 'shp')).code).to.equal(2);
      expect((await run('get', 'a')).code).to.equal(0);
      expect((await run(...command, '--yes', '--confirm', 'shop')).code).to.equal(0);
    });
  }

  it('allows --dry-run', async () => {
    expect(await run('flush', '--dry-run')).to.include({ code: 0, out: 'would remove 1 entry\n' });
  });
});
