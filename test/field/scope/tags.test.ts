import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { Result } from '../../support/cli.js';

import { taggedKey } from '../../../src/stores/tags/names.js';
import { cachectl } from '../../support/cli.js';
import { Database } from '../../support/database.js';
import { onTwoStores } from '../../support/places.js';

/** Pairs of a prefix and a tag that read the same when written one after the other. */
const PAIRS = [
  { ours: { prefix: 'app-', tag: 'people' }, theirs: { prefix: '', tag: 'app-people' } },
  { ours: { prefix: '', tag: 'app-people' }, theirs: { prefix: 'app-', tag: 'people' } },
  { ours: { prefix: 'ap', tag: 'px' }, theirs: { prefix: 'app', tag: 'x' } },
  { ours: { prefix: 'ab', tag: 'x' }, theirs: { prefix: '', tag: 'abx' } },
] as const;

describe('tags and prefixes that look the same when joined', () => {
  onTwoStores((place, driver) => {
    const run = async (prefix: string, ...args: readonly string[]): Promise<Result> =>
      cachectl([...args, '--url', place.url().replace(`prefix=${place.prefix}`, `prefix=${prefix}`)]);

    for (const { ours, theirs } of PAIRS) {
      const title = `"${ours.tag}" under "${ours.prefix}" never meets "${theirs.tag}" under "${theirs.prefix}"`;
      it(title, async () => {
        for (const { prefix, tag } of [ours, theirs]) {
          expect((await run(prefix, 'put', `k-${tag}`, prefix || 'none', '--tags', tag)).code).to.equal(0);
        }

        if (driver !== 'memcached') {
          expect((await run(ours.prefix, 'tags:list')).out).to.equal(`${ours.tag}\t1\t0\n`);
          expect((await run(ours.prefix, 'tags:show', ours.tag, '--json')).out).to.include(`"key":"k-${ours.tag}"`);
          expect((await run(ours.prefix, 'tags:show', theirs.tag)).code).to.equal(1);
          const dry = await run(ours.prefix, 'tags:flush', ours.tag, '--dry-run');
          expect(dry.out + dry.err).to.match(/\b1 entry\b/);
        }

        const flushed = await run(ours.prefix, 'tags:flush', ours.tag, '--yes');
        expect(flushed.code).to.equal(0);
        if (driver !== 'memcached') expect(flushed.out + flushed.err).to.match(/\b1 entry\b/);
        expect((await run(ours.prefix, 'get', `k-${ours.tag}`, '--tags', ours.tag)).code).to.equal(1);
        expect((await run(theirs.prefix, 'get', `k-${theirs.tag}`, '--tags', theirs.tag)).code).to.equal(0);
        await run(ours.prefix, 'tags:prune');
        if (driver !== 'memcached') {
          expect((await run(theirs.prefix, 'tags:list')).out).to.equal(`${theirs.tag}\t1\t0\n`);
        }

        await run(theirs.prefix, 'tags:flush', theirs.tag, '--yes');
        expect((await run(theirs.prefix, 'get', `k-${theirs.tag}`, '--tags', theirs.tag)).code).to.equal(1);
      });
    }
  });
});

describe('tags of two cache tables in one SQLite file', () => {
  let folder = '';

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'cachectl-tables-'));
  });

  afterEach(() => rmSync(folder, { force: true, recursive: true }));

  const file = (): string => path.join(folder, 'cache.sqlite');
  const onDefault = async (...args: readonly string[]): Promise<Result> =>
    cachectl([...args, '--url', `sqlite://${file()}?prefix=q-`]);
  const onSecond = async (...args: readonly string[]): Promise<Result> =>
    cachectl([...args, '--url', `sqlite://${file()}?prefix=q-&table=cache2&lockTable=locks2`]);

  for (const args of [
    ['flush', '--yes'],
    ['flush', '--all', '--yes'],
    ['tags:flush', 't', '--yes'],
    ['tags:prune'],
    ['forget', 'k', '--tags', 't'],
  ]) {
    it(`stay separate through ${args.join(' ')}, in either table`, async () => {
      const either = [
        [onDefault, onSecond],
        [onSecond, onDefault],
      ] as const;
      for (const [one, other] of either) {
        await onDefault('put', 'k', '1', '--tags', 't');
        await onSecond('put', 'k', '2', '--tags', 't');
        expect((await one(...args)).code).to.equal(0);
        expect((await other('tags:list')).out).to.equal('t\t1\t0\n');
        expect((await other('tags:flush', 't', '--yes')).code).to.equal(0);
        expect((await other('get', 'k', '--tags', 't')).code).to.equal(1);
      }
    });
  }

  describe('that an earlier version stored in one table', () => {
    const member = `q-${taggedKey(['t'], 'k')}`;

    beforeEach(async () => {
      await onDefault('put', 'k', '1', '--tags', 't');
      await onSecond('put', 'k', '2');
      const database = new Database(file());
      database.exec('DROP TABLE IF EXISTS cache2_cachectl_tags; UPDATE cache2 SET "key" = \'x\'').close();
    });

    const moveToSecond = (): void => {
      const database = new Database(file());
      database.prepare('UPDATE cache2 SET "key" = ?').run(member);
      database.exec('DELETE FROM cache').close();
    };

    it('are read where they are', async () => {
      moveToSecond();
      expect((await onSecond('tags:list')).out).to.equal('t\t1\t0\n');
      expect((await onSecond('tags:show', 't')).out).to.match(/^k\tnever\tt\t/);
      expect((await onSecond('tags:flush', 't', '--dry-run')).code).to.equal(0);
      expect(tables()).not.to.include('cache2_cachectl_tags');
    });

    it('are kept when the other table is written, flushed and pruned', async () => {
      moveToSecond();
      await onDefault('tags:prune');
      await onDefault('flush', '--yes');
      expect((await onSecond('tags:list')).out).to.equal('t\t1\t0\n');
      expect((await onDefault('tags:list')).out).to.equal('');
      const flushed = await onSecond('tags:flush', 't', '--yes');
      expect(flushed.out + flushed.err).to.match(/\b1 entry\b/);
      expect((await onSecond('get', 'k', '--tags', 't')).code).to.equal(1);
    });

    it('are moved by the first command that writes', async () => {
      moveToSecond();
      const flushed = await onSecond('tags:flush', 't', '--yes');
      expect(flushed.out + flushed.err).to.match(/\b1 entry\b/);
      expect((await onSecond('get', 'k', '--tags', 't')).code).to.equal(1);
      expect(tables()).to.include('cache2_cachectl_tags');
    });
  });

  function tables(): string[] {
    const database = new Database(file());
    const rows = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all() as Array<{
      name: string;
    }>;
    database.close();
    return rows.map(({ name }) => name);
  }
});
