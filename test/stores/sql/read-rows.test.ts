import { expect } from 'chai';

import type { Store } from '../../../src/stores/contract/store.js';
import type { Session } from '../../../src/stores/sql/session.js';
import type { SqlDriver } from '../../../src/stores/sql/store.js';

import { openCodec } from '../../../src/codecs/open.js';
import { raw } from '../../../src/stores/sql/statement.js';
import { openSqlStore } from '../../../src/stores/sql/store.js';
import { taggedKey } from '../../../src/stores/tags/names.js';
import { until } from '../../../src/testing/suite/stores.js';
import { SQL_CASES } from '../../support/sql-cases.js';
import { sqlProfile, type SqlServer } from '../../support/sql-server.js';
import { createLaravelTables, createOwnTables, type SqlAdmin, sqlAdmin } from '../../support/sql-tables.js';

/** Ten pages. */
const ROWS = 10_000;

interface Case {
  readonly run: (store: Store) => Promise<unknown>;
  /**
   * How often each row is read at most: to list it, to find its range, and to remove it with its tags. Steps are smaller
   * on a busy server, which reads more. A command that reads the table again for each page reads each row ten times
   * more. Absent where the planner may prefer to read a table as small as this one whole.
   */
  readonly most: Partial<Record<'mysql' | 'postgres', number>>;
}

const COMMANDS: Readonly<Record<string, Case>> = {
  keys: { run: async (store) => all(store.keys()), most: { mysql: 2, postgres: 2 } },
  export: { run: async (store) => all(store.entries!({ contents: true, tags: true })), most: { postgres: 4 } },
  'tags:list': {
    run: async (store) => all((await store.tagIndex!()).tags()),
    most: { mysql: 5, postgres: 3 },
  },
  'tags:show': {
    run: async (store) => all((await store.tagIndex!()).members!('people')),
    most: { mysql: 5, postgres: 3 },
  },
  'tags:flush': {
    run: async (store) => store.tags(['people']).flush({ dryRun: false }),
    most: { mysql: 10, postgres: 8 },
  },
  flush: {
    run: async (store) => store.flush({ scope: 'prefix', locks: true, dryRun: false }),
    most: { postgres: 8 },
  },
  'flush PATTERN': {
    run: async (store) => store.flushOnly!({ pattern: '*users:*' }, { dryRun: false }),
    most: { postgres: 8 },
  },
};

for (const { driver, sql, start, key, now, numbers, connections } of SQL_CASES) {
  describe(`${driver}: the rows that the server reads for a table of ten pages without statistics`, () => {
    let server: SqlServer;
    let admin: SqlAdmin;
    /** Of the sessions that ended. */
    let handlerReads: number;

    before(async function () {
      server = await start(this);
      const profile = sqlProfile(driver, server, 'app-');
      admin = sqlAdmin(sql, profile);
      await createLaravelTables(sql, profile);
      await createOwnTables(sql, profile);
    });

    after(async () => {
      await admin?.close();
      await server?.stop();
    });

    beforeEach(async () => {
      for (const table of ['cache', 'cachectl_tags']) await admin.run(`TRUNCATE TABLE ${table}`);
      const head = `app-${taggedKey(['people'], 'users:')}`;
      await admin.run(`INSERT INTO cache (${key}, value, expiration)
        SELECT concat('${head}', i), 'i:1;', ${now} + 3600 FROM ${numbers(ROWS)}`);
      // Not from the rows of the cache: PostgreSQL reports the rows that a session read up to a minute late.
      await admin.run(`INSERT INTO cachectl_tags (tag, ${key})
        SELECT 'app-people', concat('${head}', i) FROM ${numbers(ROWS)}`);
      handlerReads = 0;
    });

    for (const [name, { run, most }] of Object.entries(COMMANDS)) {
      const limit = most[driver];
      if (limit === undefined) continue;
      it(`${name} reads no row again for each page`, async () => {
        const before = await tableReads();
        const profile = sqlProfile(driver, server, 'app-');
        const store = openSqlStore(counting, profile, openCodec('php'), { timeoutMs: 20_000 });
        await run(store);
        await store.close();
        const reads = driver === 'mysql' ? handlerReads : (await tableReads()) - before;
        expect(reads).to.be.within(ROWS, limit * ROWS);
      });
    }

    const counting: SqlDriver = {
      ...sql,
      server(place, tunnel) {
        const original = sql.server(place, tunnel);
        return {
          ...original,
          async connect(timeoutMs) {
            const session = await original.connect(timeoutMs);
            const close = session.close.bind(session);
            return Object.assign(session, {
              async close() {
                if (driver === 'mysql') handlerReads += await readsOf(session);
                await close();
              },
            });
          },
        };
      },
    };

    /** Of both tables, by sessions that ended. PostgreSQL only. */
    async function tableReads(): Promise<number> {
      if (driver === 'mysql') return 0;
      await until(async () => (await admin.run(connections)).length === 0);
      const [row] = await admin.run(
        `SELECT sum(seq_tup_read + idx_tup_fetch) AS reads FROM pg_stat_user_tables
         WHERE relname IN ('cache', 'cachectl_tags') AND schemaname = current_schema()`,
      );
      return Number(row!.reads);
    }
  });
}

async function readsOf(session: Session): Promise<number> {
  const { rows } = await session.run(raw(`SHOW SESSION STATUS LIKE 'Handler_read%'`));
  return rows.reduce((sum, { Value: value }) => sum + Number(String(value)), 0);
}

async function all(pages: AsyncIterable<unknown>): Promise<void> {
  const iterator = pages[Symbol.asyncIterator]();
  while (!(await iterator.next()).done);
}
