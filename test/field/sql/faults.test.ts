import type { Context } from 'mocha';

import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { Store } from '../../../src/stores/contract/store.js';
import type { SqlServer } from '../../support/sql-server.js';

import { openCodec } from '../../../src/codecs/open.js';
import { TimeoutError } from '../../../src/errors.js';
import { openMysql } from '../../../src/stores/mysql/store.js';
import { openPostgres } from '../../../src/stores/postgres/store.js';
import { raw } from '../../../src/stores/sql/statement.js';
import { failure, until } from '../../../src/testing/suite/stores.js';
import { cachectl, start as run } from '../../support/cli.js';
import { startPostgres } from '../../support/postgres-server.js';
import { SQL_CASES } from '../../support/sql-cases.js';
import { sqlProfile } from '../../support/sql-server.js';
import { createLaravelTables, createOwnTables, type SqlAdmin, sqlAdmin } from '../../support/sql-tables.js';

const PREFIX = 'app-';

for (const { driver, sql, start, key, now, numbers, connections, kill } of SQL_CASES) {
  describe(`faults of ${driver}`, () => {
    let server: SqlServer;
    let admin: SqlAdmin;
    let url = '';
    let folder = '';

    const begin = async (context: Context, options?: readonly string[]): Promise<void> => {
      folder = mkdtempSync(path.join(tmpdir(), 'cachectl-faults-'));
      server = await start(context, options);
      const profile = sqlProfile(driver, server, PREFIX);
      await createLaravelTables(sql, profile);
      await createOwnTables(sql, profile);
      admin = sqlAdmin(sql, profile);
      url = `${server.url}?prefix=${PREFIX}`;
    };

    const open = (timeoutMs: number): Store => {
      const profile = sqlProfile(driver, server, PREFIX);
      return (driver === 'mysql' ? openMysql : openPostgres)(profile, openCodec('php'), { timeoutMs });
    };

    const fill = async (rows: number): Promise<void> => {
      await admin.run(
        `INSERT INTO cache (${key}, value, expiration)
         SELECT concat('${PREFIX}', i), 'i:1;', ${now} + 6000 FROM ${numbers(rows)}`,
      );
    };

    const killAll = async (): Promise<void> => {
      for (const { id } of await admin.run(connections)) {
        await admin.run(kill(String(id))).catch(() => {
          // It ended by itself.
        });
      }
    };

    const isHeld = async (): Promise<boolean> => (await admin.run('SELECT 1 FROM cache_locks')).length > 0;

    const expiry = async (): Promise<number> =>
      Number((await admin.run('SELECT expiration FROM cache_locks'))[0]?.expiration);

    const count = async (): Promise<number> => Number((await admin.run('SELECT count(*) AS n FROM cache'))[0]!.n);

    describe('that go away again', () => {
      before(async function () {
        await begin(this);
      });

      after(async () => {
        rmSync(folder, { force: true, recursive: true });
        await admin?.close();
        await server?.stop();
      });

      beforeEach(async () => {
        await admin.run('DELETE FROM cache');
        await admin.run('DELETE FROM cache_locks');
      });

      it('lock:run survives the loss of its connection', async () => {
        const release = path.join(folder, 'release');
        const job = `echo started; while [ ! -e '${release}' ]; do sleep 0.1; done`;
        const held = run(['lock:run', 'deploy', '--ttl', '30s', '--url', url, '--', 'sh', '-c', job]);
        // The row is there before lock:run knows that it holds the lock.
        await held.saw('started');
        await killAll();
        // Wait until the lock is renewed over a new connection.
        const before = await expiry();
        await Promise.race([
          until(async () => (await expiry()) > before),
          held.ended.then(({ code, err }) => expect.fail(`ended with ${code}: ${err}`)),
        ]);
        writeFileSync(release, '');
        const { code, err } = await held.ended;
        expect(code, err).to.equal(0);
        expect(await isHeld()).to.be.false;
      });

      it('lock:acquire --wait survives the loss of its connections', async () => {
        await admin.run(
          `INSERT INTO cache_locks (${key}, owner, expiration) VALUES ('${PREFIX}deploy', 'php', ${now} + 600)`,
        );
        const waiting = run(['lock:acquire', 'deploy', '--ttl', '60', '--wait', '60s', '--url', url]);
        await until(async () => (await admin.run('SELECT 1 FROM cachectl_waiters')).length > 0);
        await killAll();
        await admin.run('DELETE FROM cache_locks');
        const { code, err } = await waiting.ended;
        expect(code, err).to.equal(0);
        expect(await isHeld()).to.be.true;
      });

      it('a command whose connection is lost after its first statement does not claim success', async () => {
        const store = open(20_000);
        await store.put('k', { type: 'integer', value: 1n }, 60);
        await killAll();
        // The idle session may be found dead before or by the next statement.
        const outcome = await store.get('k').catch((error: unknown) => error);
        if (outcome instanceof Error) expect(outcome.message).to.contain('the connection').and.to.contain('was lost');
        expect(await store.get('k')).not.to.be.undefined;
        await store.close();
      });

      it('concurrent increments and tagged writes are retried after deadlocks', async () => {
        const store = open(60_000);
        const tagged = [store.tags(['a', 'b']), store.tags(['b', 'a'])];
        const writes = Array.from({ length: 60 }, async (_, index) => {
          const keys = ['x', 'y', 'z'].slice(index % 2);
          const entries = (index % 3 === 0 ? keys : keys.reverse()).map((name) => ({
            key: name,
            value: { type: 'integer', value: BigInt(index) } as const,
            ttl: 60,
          }));
          await tagged[index % 2]!.putMany(entries);
          await store.increment('n', 1n);
        });
        await Promise.all(writes);
        expect((await store.get('n'))!.decode()).to.deep.equal({ type: 'integer', value: 60n });
        await store.close();
      });

      it('a row that another transaction holds is waited for, then reported', async () => {
        await fill(1);
        const profile = sqlProfile(driver, server, PREFIX);
        const session = await sql.server(profile.connection).connect(20_000);
        await session.run(raw('BEGIN'));
        await session.run(raw(`UPDATE cache SET value = 'i:2;' WHERE ${key} = '${PREFIX}1'`));
        const store = open(1500);
        expect(await failure(store.increment('1', 1n))).to.be.instanceOf(TimeoutError);
        const { code, err } = await cachectl(['increment', '1', '--timeout', '1s', '--url', url]);
        expect(code, err).to.equal(3);
        await session.run(raw('ROLLBACK'));
        await session.close();
        expect(await store.increment('1', 1n)).to.equal(2n);
        await store.close();
      });
    });

    describe('that crash', () => {
      beforeEach(async function () {
        await begin(this, []);
      });

      afterEach(() => rmSync(folder, { force: true, recursive: true }));

      it('end lock:run with an honest error', async () => {
        const job = ['sh', '-c', 'echo begun; exec sleep 600'];
        const held = run(['lock:run', 'deploy', '--ttl', '2s', '--timeout', '1s', '--url', url, '--', ...job]);
        await held.saw('begun');
        await server.kill();
        const { code, err } = await held.ended;
        expect(code, err).to.equal(76);
        expect(err).to.contain('was lost while the command ran');
      });

      it('end a flush and an import with what was done', async () => {
        await fill(100_000);
        const file = path.join(folder, 'many.ndjson');
        writeFileSync(file, Array.from({ length: 100_000 }, (_, index) => `${line(index)}\n`).join(''));
        const flush = run(['flush', '--yes', '--url', url]);
        const imported = run(['import', file, '--url', url]);
        await until(async () => (await count()) !== 100_000);
        await server.kill();
        for (const { code, err } of [await flush.ended, await imported.ended]) {
          expect(code, err).to.be.oneOf([3, 4]);
          expect(err).to.contain(`127.0.0.1:${server.connection.port}`);
        }
      });
    });
  });
}

function line(index: number): string {
  return JSON.stringify({ key: `imported:${index}`, value: 'v', ttl: 600 });
}

describe('PostgreSQL with serializable transactions', () => {
  it('takes every increment, after retries', async function () {
    const server = await startPostgres(this, ['default_transaction_isolation=serializable']);
    const profile = sqlProfile('postgres', server, '');
    await createLaravelTables(SQL_CASES[1]!.sql, profile);
    const stores = [1, 2].map(() => openPostgres(profile, openCodec('php'), { timeoutMs: 60_000 }));
    await Promise.all(Array.from({ length: 40 }, async (_, index) => stores[index % 2]!.increment('n', 1n)));
    expect((await stores[0]!.get('n'))!.decode()).to.deep.equal({ type: 'integer', value: 40n });
    await Promise.all(stores.map(async (store) => store.close()));
    await server.stop();
  });
});
