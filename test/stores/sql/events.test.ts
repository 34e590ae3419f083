import { expect } from 'chai';

import type { CacheEvent, EventsOptions, EventStream } from '../../../src/stores/contract/events.js';
import type { Store } from '../../../src/stores/contract/store.js';
import type { SqlDriver } from '../../../src/stores/sql/store.js';
import type { SqlServer } from '../../support/sql-server.js';

import { openCodec } from '../../../src/codecs/open.js';
import { RefusedError } from '../../../src/errors.js';
import { DRIVER as MYSQL, openMysql } from '../../../src/stores/mysql/store.js';
import { openPostgres, DRIVER as POSTGRES } from '../../../src/stores/postgres/store.js';
import { failure } from '../../../src/testing/suite/stores.js';
import { startMysql } from '../../support/mysql-server.js';
import { startPostgres } from '../../support/postgres-server.js';
import { sqlProfile } from '../../support/sql-server.js';
import { createLaravelTables, type SqlAdmin, sqlAdmin } from '../../support/sql-tables.js';

interface Case {
  readonly driver: 'mysql' | 'postgres';
  readonly sql: SqlDriver;
  readonly start: typeof startMysql;
  readonly open: typeof openMysql;
  /** The column of the key. */
  readonly key: string;
  readonly now: string;
  /** A table of numbers from 1. */
  numbers(upTo: number): string;
}

const CASES: readonly Case[] = [
  {
    driver: 'mysql',
    sql: MYSQL,
    start: startMysql,
    open: openMysql,
    key: '`key`',
    now: 'UNIX_TIMESTAMP()',
    // A recursion stops at 1000 rows.
    numbers: (upTo) =>
      `(SELECT row_number() OVER () AS i FROM information_schema.collations AS a, information_schema.collations AS b
        LIMIT ${upTo}) AS numbers`,
  },
  {
    driver: 'postgres',
    sql: POSTGRES,
    start: startPostgres,
    open: openPostgres,
    key: 'key',
    now: 'floor(extract(epoch from now()))::bigint',
    numbers: (upTo) => `generate_series(1, ${upTo}) AS numbers(i)`,
  },
];

for (const { driver, sql, start, open, key, now, numbers } of CASES) {
  describe(`${driver}: events by polling`, () => {
    let server: SqlServer;
    let admin: SqlAdmin;
    let store: Store;
    let ended: AbortController;

    before(async function () {
      server = await start(this);
    });

    after(async () => server?.stop());

    beforeEach(async () => {
      const profile = sqlProfile(driver, server, 'app-');
      admin = sqlAdmin(sql, profile);
      await createLaravelTables(sql, profile);
      store = open(profile, openCodec('php'), { timeoutMs: 20_000 });
      ended = new AbortController();
    });

    afterEach(async () => {
      ended.abort();
      await store.close();
      for (const table of ['cache', 'cache_locks']) await admin.run(`DROP TABLE IF EXISTS ${table}`);
      await admin.close();
    });

    const tail = async (options: Partial<EventsOptions> = {}): Promise<EventStream> =>
      store.events({ signal: ended.signal, enable: false, source: 'poll', ...options });

    const put = async (name: string, ttl = 600, prefix = 'app-'): Promise<void> => {
      await admin.run(
        `INSERT INTO cache (${key}, value, expiration) VALUES ('${prefix}${name}', 'i:1;', ${now} + ${ttl})`,
      );
    };

    const lock = async (name: string, owner: string): Promise<void> => {
      await admin.run(`DELETE FROM cache_locks WHERE ${key} = 'app-${name}'`);
      await admin.run(
        `INSERT INTO cache_locks (${key}, owner, expiration) VALUES ('app-${name}', '${owner}', ${now} + 600)`,
      );
    };

    it('report the changes of any client, and nothing that was there before', async () => {
      for (const name of ['there', 'gone', 'touched', 'rewritten']) await put(name);
      const stream = await tail();
      await put('new', 100);
      await admin.run(`DELETE FROM cache WHERE ${key} = 'app-gone'`);
      await admin.run(`UPDATE cache SET expiration = expiration + 500 WHERE ${key} = 'app-touched'`);
      await admin.run(`UPDATE cache SET value = 'i:222;' WHERE ${key} = 'app-rewritten'`);
      await put('foreign', 600, 'other-');
      const events = await firstOf(stream, 3);
      expect(lines(events)).to.have.members(['KeyWritten new', 'KeyForgotten gone', 'KeyWritten rewritten']);
      const written = events.find((event) => event.key === 'new')!;
      expect(written.ttl).to.be.within(30, 100);
      expect(written.size).to.equal(4);
    });

    it('report locks, and who takes over one', async () => {
      for (const name of ['held', 'let-go']) await lock(name, 'ann');
      const stream = await tail();
      await lock('held', 'bob');
      await lock('new', 'ann');
      await admin.run(`DELETE FROM cache_locks WHERE ${key} = 'app-let-go'`);
      expect(lines(await firstOf(stream, 4))).to.have.members([
        'LockReleased held',
        'LockAcquired held',
        'LockAcquired new',
        'LockReleased let-go',
      ]);
    });

    it('report the locks of a table that is created later', async () => {
      await admin.run('DROP TABLE cache_locks');
      const stream = await tail();
      for (const statement of sql.dialect.definition('locks', 'cache_locks', 'cache')) {
        await admin.run(statement.texts.join(''));
      }

      await lock('first', 'ann');
      expect(lines(await firstOf(stream, 1))).to.deep.equal(['LockAcquired first']);
    });

    it('report an entry that expires, although its row stays', async () => {
      await put('short', 2);
      expect(lines(await firstOf(await tail(), 1))).to.deep.equal(['KeyExpired short']);
    });

    it('pass all rows, page by page, and report a flush as deletions', async () => {
      const stream = await tail();
      await admin.run(
        `INSERT INTO cache (${key}, value, expiration) SELECT concat('app-', i), 'i:1;', ${now} + 600 FROM ${numbers(2500)}`,
      );
      const keys = new Set<string>();
      let flushed = 0;
      for await (const { type, key: written } of stream) {
        if (type === 'KeyWritten') keys.add(written!);
        if (keys.size === 2500 && flushed === 0) await admin.run('DELETE FROM cache');
        if (type === 'KeyForgotten' && ++flushed === 2500) break;
      }

      expect(keys.size).to.equal(2500);
    });

    it('report other prefixes on request', async () => {
      const stream = await tail({ everything: true });
      await put('k', 600, 'other-');
      const [event] = await firstOf(stream, 1);
      expect(event).to.include({ type: 'KeyWritten', key: 'other-k', isForeign: true });
    });

    it('need a cache table', async () => {
      await admin.run('DROP TABLE cache');
      expect(await failure(tail())).to.be.instanceOf(RefusedError);
    });
  });
}

async function firstOf(stream: EventStream, count: number): Promise<CacheEvent[]> {
  const events: CacheEvent[] = [];
  for await (const event of stream) {
    events.push(event);
    if (events.length === count) break;
  }

  return events;
}

function lines(events: readonly CacheEvent[]): string[] {
  return events.map(({ type, key }) => `${type} ${key}`);
}
