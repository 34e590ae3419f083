import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { SqliteProfile } from '../../../src/profiles/profile.js';
import type { CacheEvent, EventStream } from '../../../src/stores/contract/events.js';
import type { Store } from '../../../src/stores/contract/store.js';

import { openCodec } from '../../../src/codecs/open.js';
import { string } from '../../../src/codecs/value.js';
import { openSqlite } from '../../../src/stores/sqlite/store.js';
import { all, until } from '../../../src/testing/suite/stores.js';
import { Database } from '../../support/database.js';

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** Everything up to the writing of `end`, as `type key`. */
async function linesBeforeEnd(stream: EventStream): Promise<string[]> {
  const lines: string[] = [];
  for await (const { type, key } of stream) {
    if (key === 'end') break;
    lines.push(`${type} ${key}`);
  }

  return lines;
}

describe('sqlite: events', () => {
  let folder: string;
  let path: string;
  let store: Store;
  let controller: AbortController;
  /** Another program, like the application or the sqlite3 shell. */
  let shell: Database;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cachectl-events-'));
    path = join(folder, 'cache.sqlite');
    controller = new AbortController();
    store = openSqlite(profile(), openCodec('php'), { timeoutMs: 5000 });
    await store.put('there before', string('v'), null);
    shell = new Database(path);
  });

  afterEach(async () => {
    controller.abort();
    await store.close();
    shell.close();
    rmSync(folder, { recursive: true });
  });

  function profile(): SqliteProfile {
    return {
      driver: 'sqlite',
      name: 'test',
      prefix: 'app-',
      codec: 'php',
      protected: false,
      path,
      table: 'cache',
      lockTable: 'cache_locks',
    };
  }

  function tail(): Promise<EventStream> {
    return store.events({ signal: controller.signal, enable: false });
  }

  function schema(): unknown[] {
    return shell.prepare('SELECT type, name, sql FROM sqlite_master ORDER BY name').all();
  }

  function insert(key: string, expiration: number): void {
    shell.prepare('INSERT INTO cache VALUES (?, ?, ?)').run(`app-${key}`, 'i:1;', expiration);
  }

  it("report any program's SQL under the prefix", async () => {
    const stream = await tail();
    shell.exec(`
      INSERT INTO cache VALUES ('app-a', 's:3:"abc";', ${seconds() + 60});
      INSERT INTO cache VALUES ('other-a', 'i:1;', ${seconds() + 60});
      INSERT INTO cache VALUES ('App-a', 'i:1;', ${seconds() + 60});
      UPDATE cache SET value = 'i:1;' WHERE key LIKE '%-a';
      UPDATE cache SET key = 'app-b' WHERE key = 'app-a';
      REPLACE INTO cache VALUES ('app-b', 'i:2;', ${seconds() + 60});
      DELETE FROM cache WHERE key = 'app-b';
      DELETE FROM cache WHERE key LIKE 'other-%';
      INSERT INTO cache VALUES ('app-end', 'i:1;', ${seconds() + 60});
    `);
    // better-sqlite3 has recursive triggers on, with which REPLACE deletes before it inserts; others have them off.
    const lines = await linesBeforeEnd(stream);
    expect(lines.filter((line) => line !== 'KeyForgotten b')).to.deep.equal([
      'KeyWritten a',
      'KeyWritten a',
      'KeyForgotten a',
      'KeyWritten b',
      'KeyWritten b',
    ]);
    expect(lines.at(-1)).to.equal('KeyForgotten b');
  });

  it('have the TTL, size and time of a write', async () => {
    const stream = await tail();
    shell.prepare('INSERT INTO cache VALUES (?, ?, ?)').run('app-a', 's:6:"kůň";', seconds() + 60);
    shell.prepare('INSERT INTO cache VALUES (?, ?, ?)').run('app-b', 'i:1;', seconds() + 315_360_000);
    const events: CacheEvent[] = [];
    for await (const event of stream) {
      events.push(event);
      if (event.key === 'b') break;
    }

    expect(events[0]!.size).to.equal(Buffer.byteLength('s:6:"kůň";'));
    expect(events[0]!.ttl).to.be.within(30, 60);
    expect(Math.abs(events[0]!.time.getTime() - Date.now())).to.be.lessThan(20_000);
    expect(events[1]!.ttl).to.be.null;
  });

  it('report the mutex of onOneServer(), an entry, as a lock', async () => {
    const stream = await tail();
    const mutex = `framework/schedule-${'0a'.repeat(20)}0905`;
    insert(mutex, seconds() + 60);
    shell.prepare('DELETE FROM cache WHERE key = ?').run(`app-${mutex}`);
    insert('framework/schedule-daily', seconds() + 60);
    insert('end', seconds() + 60);
    expect(await linesBeforeEnd(stream)).to.deep.equal([
      `LockAcquired ${mutex}`,
      `LockReleased ${mutex}`,
      'KeyWritten framework/schedule-daily',
    ]);
  });

  it('report nothing that is rolled back', async () => {
    const stream = await tail();
    shell.exec('BEGIN');
    insert('undone', seconds() + 60);
    shell.exec('ROLLBACK');
    insert('end', seconds() + 60);
    expect(await linesBeforeEnd(stream)).to.deep.equal([]);
  });

  it('report a row that expires and is then deleted once, as expired', async () => {
    const stream = await tail();
    insert('a', seconds() + 1);
    insert('b', seconds() + 1);
    const events: CacheEvent[] = [];
    for await (const event of stream) {
      events.push(event);
      if (events.filter(({ type }) => type === 'KeyExpired').length === 2) break;
      if (events.length === 2) {
        // Not read meanwhile: one of the two is deleted before the tail can see that it has expired.
        await until(
          () =>
            shell.prepare(`DELETE FROM cache WHERE key = 'app-a' AND expiration <= unixepoch()`).run().changes === 1,
        );
      }
    }

    expect(events.map(({ type, key }) => `${type} ${key}`).toSorted()).to.deep.equal([
      'KeyExpired a',
      'KeyExpired b',
      'KeyWritten a',
      'KeyWritten b',
    ]);
  });

  it('report no deletion of a row whose expiry was reported', async () => {
    const stream = await tail();
    insert('a', seconds() + 1);
    const lines: string[] = [];
    for await (const { type, key } of stream) {
      lines.push(`${type} ${key}`);
      if (type === 'KeyExpired') {
        shell.prepare(`DELETE FROM cache WHERE key = 'app-a'`).run();
        insert('end', seconds() + 60);
      }

      if (key === 'end') break;
    }

    expect(lines).to.deep.equal(['KeyWritten a', 'KeyExpired a', 'KeyWritten end']);
  });

  it('report an expiry before the row is overwritten', async () => {
    insert('a', seconds() + 2);
    const stream = await tail();
    await until(
      () =>
        shell
          .prepare(
            `UPDATE cache SET value = 'i:2;', expiration = unixepoch() + 60 WHERE key = 'app-a' AND expiration <= unixepoch()`,
          )
          .run().changes === 1,
    );
    insert('end', seconds() + 60);
    expect(await linesBeforeEnd(stream)).to.deep.equal(['KeyExpired a', 'KeyWritten a']);
  });

  it('report nothing of rows that had expired before', async () => {
    insert('old', seconds() - 100);
    const stream = await tail();
    shell.prepare(`DELETE FROM cache WHERE key = 'app-old'`).run();
    insert('end', seconds() + 60);
    expect(await linesBeforeEnd(stream)).to.deep.equal([]);
  });

  it('report 5000 rows that expire in one second once each, also without an index', async () => {
    shell.exec('DROP INDEX cache_expiration_index');
    const stream = await tail();
    const expiration = seconds() + 2;
    shell.transaction(() => {
      for (let number = 0; number < 5000; number++) insert(`n:${number}`, expiration);
    })();
    const expired: string[] = [];
    for await (const { type, key, time } of stream) {
      if (type !== 'KeyExpired') continue;
      expect(time.getTime()).to.equal(expiration * 1000);
      expired.push(key!);
      if (expired.length === 5000) break;
    }

    expect(new Set(expired).size).to.equal(5000);
  });

  it('restore the schema', async () => {
    const before = schema();
    const stream = await tail();
    const events = all(stream);
    expect(schema()).to.have.lengthOf(before.length + 6);
    await store.put('k', string('v'), 60);
    controller.abort();
    expect(schema()).to.deep.equal(before);
    await events;
  });

  it('restore the schema without a reader, and after the reader leaves', async () => {
    const before = schema();
    await tail();
    const second = await tail();
    insert('a', seconds() + 60);
    const events = second[Symbol.asyncIterator]();
    expect((await events.next()).value?.key).to.equal('a');
    await events.return?.();

    controller.abort();
    expect(schema()).to.deep.equal(before);
  });

  it('create a missing table', async () => {
    shell.exec('DROP TABLE cache');
    const stream = await tail();
    insert('end', seconds() + 60);
    expect(await linesBeforeEnd(stream)).to.deep.equal([]);
  });
});
