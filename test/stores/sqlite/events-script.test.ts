import { expect } from 'chai';

import type { CacheEvent } from '../../../src/stores/contract/events.js';

import { type PhpCache, type PhpPeer, startPhpPeer } from '../../support/php-peer.js';
import { eventsBeforeEnd, lines, TailedFile } from '../../support/sqlite-tail.js';

const VALUE = Buffer.from('s:5:"hello";');

/** Without what differs from run to run. A TTL may be a second shorter than given if the clock ticks meanwhile. */
function plain({ time, ttl, ...event }: CacheEvent): object {
  expect(time).to.be.instanceOf(Date);
  return { ...event, ...(ttl !== undefined && { ttl: ttl === null ? null : Math.ceil(ttl / 10) * 10 }) };
}

for (const journal of ['wal', 'delete'] as const) {
  describe(`sqlite: a scripted session is reported exactly, in journal mode ${journal}`, () => {
    let file: TailedFile;

    beforeEach(() => {
      file = new TailedFile(journal);
    });

    afterEach(async () => file.close());

    describe('of a Laravel application', () => {
      let php: PhpPeer;
      let cache: PhpCache;

      before(function () {
        php = startPhpPeer(this, 'pdo_sqlite', 'Illuminate/Database');
      });

      beforeEach(() => {
        cache = php.cache({ store: 'database', path: file.path, prefix: 'app-' });
      });

      after(async () => php?.stop());

      it('with entries and locks', async () => {
        const events = file.tail();
        const { stream } = await events;
        await cache.put('a', VALUE, 60);
        await cache.put('a', Buffer.from('i:1;'), 600);
        await cache.put('a', Buffer.from('i:1;'), 600);
        await cache.get('a');
        await cache.get('nothing');
        await cache.putMany(
          [
            ['b', VALUE],
            ['c', VALUE],
          ],
          60,
        );
        await cache.add('b', VALUE, 60);
        await cache.add('d', VALUE, 60);
        await cache.increment('a', 5);
        await cache.forget('b');
        await cache.forget('b');
        await cache.pull('c');
        await cache.acquire('deploy', 120, 'ann');
        // The attempt leaves no trace.
        await cache.acquire('deploy', 120, 'bob');
        await cache.acquire('deploy', 120, 'ann');
        await cache.release('deploy', 'bob');
        await cache.release('deploy', 'ann');
        await cache.acquire('endless', 0, 'ann');
        await cache.forceRelease('endless');
        await cache.put('kept', VALUE, null);
        await cache.put('end', VALUE, 60);
        expect((await eventsBeforeEnd(stream)).map((event) => plain(event))).to.deep.equal([
          { type: 'KeyWritten', key: 'a', ttl: 60, size: 12 },
          { type: 'KeyWritten', key: 'a', ttl: 600, size: 4 },
          { type: 'KeyWritten', key: 'a', ttl: 600, size: 4 },
          { type: 'KeyWritten', key: 'b', ttl: 60, size: 12 },
          { type: 'KeyWritten', key: 'c', ttl: 60, size: 12 },
          { type: 'KeyWritten', key: 'd', ttl: 60, size: 12 },
          { type: 'KeyWritten', key: 'a', ttl: 600, size: 4 },
          { type: 'KeyForgotten', key: 'b' },
          { type: 'KeyForgotten', key: 'c' },
          { type: 'LockAcquired', key: 'deploy', ttl: 120 },
          { type: 'LockReleased', key: 'deploy' },
          { type: 'LockAcquired', key: 'endless', ttl: 86_400 },
          { type: 'LockReleased', key: 'endless' },
          { type: 'KeyWritten', key: 'kept', ttl: null, size: 12 },
        ]);
      });

      it('that flushes its cache', async () => {
        await cache.put('a', VALUE, 60);
        await cache.put('b', VALUE, 60);
        const { stream } = await file.tail();
        await cache.flush();
        await cache.put('end', VALUE, 60);
        expect(lines(await eventsBeforeEnd(stream))).to.deep.equal(['KeyForgotten a', 'KeyForgotten b']);
      });

      it('whose lock expires and is acquired by another', async () => {
        const { stream } = await file.tail();
        await cache.acquire('deploy', 1, 'ann');
        expect(await cache.block('deploy', 60, 'bob', 60)).to.be.true;
        await cache.put('end', VALUE, 60);
        expect(lines(await eventsBeforeEnd(stream))).to.deep.equal([
          'LockAcquired deploy',
          'KeyExpired deploy',
          'LockAcquired deploy',
        ]);
      });
    });

    it('of any program with SQL, including a rollback', async () => {
      const { stream } = await file.tail();
      file.shell.exec(`
        INSERT INTO cache VALUES ('app-a', 'i:1;', unixepoch() + 60);
        INSERT OR IGNORE INTO cache VALUES ('app-a', 'i:2;', unixepoch() + 60);
        UPDATE cache SET value = 'i:12;' WHERE key = 'app-a';
        UPDATE cache SET expiration = unixepoch() + 90 WHERE key = 'app-a';
        UPDATE cache SET key = 'app-b' WHERE key = 'app-a';
        BEGIN;
        INSERT INTO cache VALUES ('app-undone', 'i:1;', unixepoch() + 60);
        DELETE FROM cache;
        INSERT INTO cache_locks VALUES ('app-undone', 'ann', unixepoch() + 60);
        ROLLBACK;
        INSERT INTO cache_locks VALUES ('app-lock', 'ann', unixepoch() + 60);
        UPDATE cache_locks SET expiration = unixepoch() + 90 WHERE key = 'app-lock';
        INSERT OR IGNORE INTO cache_locks VALUES ('app-lock', 'bob', unixepoch() + 60);
        UPDATE cache_locks SET owner = 'bob' WHERE key = 'app-lock';
        DELETE FROM cache_locks;
        DELETE FROM cache;
        INSERT INTO cache VALUES ('app-end', 'i:1;', unixepoch() + 60);
      `);
      expect((await eventsBeforeEnd(stream)).map((event) => plain(event))).to.deep.equal([
        { type: 'KeyWritten', key: 'a', ttl: 60, size: 4 },
        { type: 'KeyWritten', key: 'a', ttl: 60, size: 5 },
        { type: 'KeyForgotten', key: 'a' },
        { type: 'KeyWritten', key: 'b', ttl: 90, size: 5 },
        { type: 'LockAcquired', key: 'lock', ttl: 60 },
        { type: 'LockContended', key: 'lock' },
        { type: 'LockAcquired', key: 'lock', ttl: 90 },
        { type: 'LockReleased', key: 'lock' },
        { type: 'KeyForgotten', key: 'b' },
      ]);
    });

    it('of thousands of changes in one transaction, in order', async () => {
      const { stream } = await file.tail();
      const expected: string[] = [];
      file.shell.transaction(() => {
        for (let number = 0; number < 3500; number++) {
          file.put(`n:${number}`);
          expected.push(`KeyWritten n:${number}`);
        }

        file.shell.exec('DELETE FROM cache');
        for (let number = 0; number < 3500; number++) expected.push(`KeyForgotten n:${number}`);
      })();
      file.put('end');
      const found = lines(await eventsBeforeEnd(stream));
      expect(found.filter((line) => line.startsWith('KeyWritten'))).to.deep.equal(expected.slice(0, 3500));
      expect(found.slice(3500).toSorted()).to.deep.equal(expected.slice(3500).toSorted());
    });

    it('to each of two tails, whichever ends first, and afterwards', async () => {
      const schema = file.schema();
      const first = await file.tail();
      const second = await file.tail();
      file.put('a');
      file.put('end');
      expect(lines(await eventsBeforeEnd(first.stream))).to.deep.equal(['KeyWritten a']);
      file.shell.exec(`DELETE FROM cache WHERE key = 'app-end'`);
      file.put('b');
      file.put('end');
      const later = second.stream[Symbol.asyncIterator]();
      const reported: string[] = [];
      for (let number = 0; number < 5; number++) reported.push(...lines([(await later.next()).value as CacheEvent]));
      expect(reported).to.deep.equal([
        'KeyWritten a',
        'KeyWritten end',
        'KeyForgotten end',
        'KeyWritten b',
        'KeyWritten end',
      ]);
      second.end();
      expect(file.schema()).to.deep.equal(schema);
    });

    it('though the file is vacuumed meanwhile', async () => {
      const { stream } = await file.tail();
      file.put('a');
      file.put('short', { ttl: 2 });
      file.shell.exec('VACUUM');
      file.shell.exec(`DELETE FROM cache WHERE key = 'app-a'`);
      const reported: string[] = [];
      for await (const { type, key } of stream) {
        reported.push(`${type} ${key}`);
        if (type === 'KeyExpired') {
          file.shell.exec('VACUUM');
          file.shell.exec('DELETE FROM cache');
          file.put('end');
        }

        if (key === 'end') break;
      }

      expect(reported).to.deep.equal([
        'KeyWritten a',
        'KeyWritten short',
        'KeyForgotten a',
        'KeyExpired short',
        'KeyWritten end',
      ]);
    });
  });
}
