import { expect } from 'chai';

import type { Run } from '../../src/stores/sql/connection.js';
import type { SqlDriver } from '../../src/stores/sql/store.js';

import { fragmentation } from '../../src/stores/mysql/doctor/fragmentation.js';
import { DRIVER as MYSQL } from '../../src/stores/mysql/store.js';
import { DRIVER as POSTGRES } from '../../src/stores/postgres/store.js';
import { isolationFinding, versionFinding } from '../../src/stores/sql/doctor/server.js';
import { TRUE } from '../../src/stores/sql/statement.js';
import { until } from '../../src/testing/suite/stores.js';
import { doctor, type Report } from '../support/doctor.js';
import { startMysql } from '../support/mysql-server.js';
import { startPostgres } from '../support/postgres-server.js';
import { sqlProfile, type SqlServer, urlOf } from '../support/sql-server.js';
import { createLaravelTables, createOwnTables, type SqlAdmin, sqlAdmin } from '../support/sql-tables.js';

const PASSWORD = 'secret';

/** The differences between the servers. */
interface Subject {
  readonly driver: 'mysql' | 'postgres';
  readonly parts: SqlDriver;
  readonly start: typeof startMysql;
  readonly key: string;
  readonly version: RegExp;
  readonly isolation: string;
  /** Statements that create a user. */
  user(name: string, database: string): readonly string[];
  /** As in grants, and as the server prints it. */
  readonly account: (name: string) => readonly [granted: string, printed: string];
  readonly missingCreate: (database: string, name: string) => string;
  readonly grant: (rights: string, table: string, database: string, name: string) => string;
}

const SUBJECTS: readonly Subject[] = [
  {
    driver: 'mysql',
    parts: MYSQL,
    start: startMysql,
    key: '`key`',
    version: /^(?:MariaDB|MySQL) \d+\.\d+/,
    isolation: 'READ-COMMITTED in sessions of cachectl, REPEATABLE-READ by default',
    user: (name) => [`CREATE USER ${name} IDENTIFIED BY '${PASSWORD}'`],
    account: (name) => [`'${name}'@'%'`, `${name}@%`],
    grant: (rights, table, database, name) => `GRANT ${rights} ON ${database}.${table} TO '${name}'@'%'`,
    missingCreate: (database, name) =>
      `GRANT CREATE, SELECT, INSERT, UPDATE, DELETE ON ${database}.cachectl_tags TO '${name}'@'%'`,
  },
  {
    driver: 'postgres',
    parts: POSTGRES,
    start: startPostgres,
    key: 'key',
    version: /^PostgreSQL \d+/,
    isolation: 'read committed in sessions of cachectl, read committed by default',
    user: (name, database) => [
      `CREATE ROLE ${name} LOGIN PASSWORD '${PASSWORD}'`,
      `GRANT CONNECT ON DATABASE ${database} TO ${name}`,
      'REVOKE CREATE ON SCHEMA public FROM PUBLIC',
    ],
    account: (name) => [name, name],
    grant: (rights, table, _, name) => `GRANT ${rights} ON ${table} TO ${name}`,
    missingCreate: (_, name) => `GRANT CREATE ON SCHEMA public TO ${name}`,
  },
];

for (const subject of SUBJECTS) {
  const { driver, parts, key } = subject;
  describe(`doctor on ${driver}`, () => {
    let server: SqlServer;
    let admin: SqlAdmin;

    before(async function () {
      server = await subject.start(this);
      admin = sqlAdmin(parts, server);
    });

    beforeEach(async () => {
      for (const table of ['cache', 'cache_locks', 'cachectl_tags', 'cachectl_waiters']) {
        await admin.run(`DROP TABLE IF EXISTS ${table}`);
      }

      await createLaravelTables(parts, sqlProfile(driver, server, ''));
    });

    after(async () => {
      await admin?.close();
      await server?.stop();
    });

    async function examined(url = server.url, ...args: string[]): Promise<Report> {
      return doctor(['--url', url, '--read-only', ...args]);
    }

    it('reports the version, the isolation level, the tables, their rows and the clock', async () => {
      await admin.run(`INSERT INTO cache (${key}, value, expiration) VALUES ('a', 'i:1;', 1), ('b', 'i:1;', 2)`);
      const report = await examined();
      expect(report.about('version'))
        .to.include({ state: 'ok' })
        .and.have.property('message')
        .that.matches(subject.version);
      expect(report.about('isolation')).to.include({ state: 'ok', message: subject.isolation });
      expect(report.about('table cache').message).to.match(/^key \S.* value \S+, expiration int/);
      expect(report.about('index on expiration of cache')).to.include({ state: 'ok' });
      expect(report.about('rows of cache').message).to.match(/^2 rows, \d+\.\d MB with indexes$/);
      expect(report.about('rows of cache_locks').message).to.match(/^0 rows, /);
      expect(report.about('expired rows').message).to.equal('2 rows have expired');
      expect(report.about('clock').message).to.match(/^server clock within \d+ ms of local clock/);
      expect(report.about('permissions').state).to.equal('ok');
      expect(report.about('table cachectl_tags').state).to.equal('skipped');
    });

    it('creates all missing tables in one run', async () => {
      for (const table of ['cache', 'cache_locks']) await admin.run(`DROP TABLE ${table}`);
      const tables = ['cache', 'cache_locks', 'cachectl_tags', 'cachectl_waiters'].map((name) => `table ${name}`);
      const missing = await examined(server.url, '--fix', '--yes');
      expect(tables.map((table) => missing.about(table).fixed)).to.deep.equal([true, true, true, true]);
      const report = await examined();
      expect(tables.map((table) => report.about(table).state)).to.deep.equal(['ok', 'ok', 'ok', 'ok']);
    });

    it('names the rights that the user lacks, and the statements that grant them', async () => {
      await createOwnTables(parts, sqlProfile(driver, server, ''));
      const name = `reader_${process.pid}`;
      const { database } = server.connection;
      for (const statement of subject.user(name, database)) await admin.run(statement);
      const [granted, printed] = subject.account(name);
      const own = ['cachectl_tags', 'cachectl_waiters'];
      for (const table of own) await admin.run(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO ${granted}`);
      await admin.run(`GRANT SELECT ON cache TO ${granted}`);
      await admin.run(`GRANT SELECT, INSERT, DELETE ON cache_locks TO ${granted}`);
      const url = urlOf(driver, { ...server.connection, username: name, password: PASSWORD });
      const before = (await examined(url)).about('permissions');
      expect(before.state).to.equal('warning');
      expect(before.message).to.equal(`user ${printed} lacks INSERT, UPDATE, DELETE on cache; UPDATE on cache_locks`);
      const grants = [
        subject.grant('INSERT, UPDATE, DELETE', 'cache', database, name),
        subject.grant('UPDATE', 'cache_locks', database, name),
      ];
      expect(before.hint).to.equal(`Run as administrator: ${grants.join('; ')}`);
      for (const grant of grants) await admin.run(grant);
      const after = await examined(url);
      expect(after.about('permissions')).to.include({
        state: 'ok',
        message: `user ${printed} may read and write the tables`,
      });

      await admin.run('DROP TABLE cachectl_tags');
      const { state, hint, fix } = (await examined(url)).about('table cachectl_tags');
      expect({ state, fix }).to.deep.equal({ state: 'skipped', fix: undefined });
      const grant = subject.missingCreate(database, name);
      expect(hint).to.equal(`Commands that write with --tags need it. The user may not create it: ${grant}`);
      await admin.run(grant);
      expect((await examined(url)).about('table cachectl_tags').fix).to.match(/^creates the table/);
      expect(await admin.run(`SELECT 1 AS one FROM cache`)).to.deep.equal([]);
    });

    it('finds an index that is missing, creates it, and finds a missing primary key', async () => {
      await admin.run('DROP TABLE cache');
      await admin.run(
        `CREATE TABLE cache (${key} varchar(255) not null, value text not null, expiration int not null)`,
      );
      const report = await examined();
      expect(report.code).to.equal(1);
      expect(report.about('index on expiration of cache')).to.include({ state: 'warning' });
      const { state, hint } = report.about('primary key of cache');
      expect(state).to.equal('fault');
      await admin.run(/ALTER TABLE .*/.exec(hint!)![0]);
      const fixed = await doctor(['--url', server.url, '--fix', '--yes']);
      expect(fixed.about('index on expiration of cache')).to.include({ fixed: true });
      const again = await examined();
      expect(again.about('index on expiration of cache')).to.include({ state: 'ok' });
      expect(again.findings.map((finding) => finding.subject)).not.to.include('primary key of cache');
    });

    it('reports columns of other types', async () => {
      await admin.run('DROP TABLE cache');
      // PostgreSQL cannot compare a text with the time, so the first read fails.
      const expiration = driver === 'mysql' ? 'varchar(20)' : 'int';
      await admin.run(
        `CREATE TABLE cache (${key} varchar(255) primary key, value varchar(100), expiration ${expiration})`,
      );
      const report = await examined();
      expect(report.about('values of cache').hint).to.match(
        driver === 'mysql' ? /migration: mediumtext\.$/ : /migration: text\.$/,
      );
      if (driver === 'mysql') expect(report.about('expiration of cache')).to.include({ state: 'fault' });
    });
  });
}

function answering(free: number, used: number): Run {
  return (async () => ({ rows: [{ free, used }], count: 1 })) as unknown as Run;
}

describe('doctor on mysql, more', () => {
  it('warns of much free space in the file of a table', async () => {
    expect(await fragmentation(answering(4_194_304, 16_384), 'cache', TRUE)).to.include({ state: 'ok' });
    const warned = await fragmentation(answering(900_000_000, 40_000_000), 'cache', TRUE);
    expect(warned).to.include({ state: 'warning', message: '900.0 MB of its file are free, 40.0 MB are used' });
    expect(warned.hint).to.include('OPTIMIZE TABLE cache');
  });

  it('warns of a collation that ignores case', async function () {
    const server = await startMysql(this);
    await createLaravelTables(MYSQL, sqlProfile('mysql', server, ''));
    const report = await doctor(['--url', server.url, '--read-only']);
    expect(report.about('collation of cache')).to.include({ state: 'warning' });
    await server.stop();
  });
});

describe('doctor on postgres, more', () => {
  let server: SqlServer;
  let admin: SqlAdmin;

  before(async function () {
    server = await startPostgres(this);
    admin = sqlAdmin(POSTGRES, server);
    await createLaravelTables(POSTGRES, sqlProfile('postgres', server, ''));
  });

  after(async () => {
    await admin?.close();
    await server?.stop();
  });

  const examined = async (): Promise<Report> => doctor(['--url', server.url, '--read-only']);
  const deadRows = async () => (await examined()).about('dead rows of cache');

  it('warns of dead rows until they are vacuumed', async () => {
    await admin.run('ALTER TABLE cache SET (autovacuum_enabled = false)');
    await admin.run(`INSERT INTO cache SELECT 'k' || n, 'i:1;', 1 FROM generate_series(1, 20000) AS n`);
    await admin.run('DELETE FROM cache');
    // The server publishes its statistics with a delay.
    await until(async () => (await deadRows()).state === 'warning');
    const { message, hint } = await deadRows();
    expect(message).to.equal('about 20,000 dead rows and 0 live rows, never vacuumed');
    expect(hint).to.match(/^Run VACUUM cache\. Look for transactions that stay open/);
    await admin.run('VACUUM cache');
    await until(async () => (await deadRows()).state === 'ok');
    expect((await deadRows()).message).to.match(/dead rows and 0 live rows, vacuumed \d+ seconds? ago$/);
  });

  it('warns of a collation that ignores case, and of an isolation level that fails writes', async () => {
    await admin.run(`CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`);
    await admin.run('ALTER TABLE cache_locks ALTER key TYPE varchar(255) COLLATE folded');
    await admin.run(`ALTER DATABASE ${server.connection.database} SET default_transaction_isolation = 'serializable'`);
    const report = await examined();
    expect(report.about('collation of cache_locks').message).to.match(/^folded takes keys for the same/);
    expect(report.about('isolation')).to.include({ state: 'warning' });
  });
});

describe('findings on an SQL server', () => {
  it('say which versions are too old', () => {
    for (const [software, version, state] of [
      ['MariaDB', '10.11.6-MariaDB-0+deb12u1', 'ok'],
      ['MariaDB', '10.2.44-MariaDB', 'warning'],
      ['MySQL', '8.4.2', 'ok'],
      ['MySQL', '5.6.51', 'warning'],
      ['PostgreSQL', '15.18 (Debian 15.18-0+deb12u1)', 'ok'],
      ['PostgreSQL', '9.6.24', 'warning'],
    ] as const) {
      expect(versionFinding(software, version)).to.include({ state });
    }

    expect(versionFinding('PostgreSQL', '9.6.24').message).to.include(
      'older than 10, the oldest that Laravel supports',
    );
  });

  it('say which isolation levels fail concurrent writes', () => {
    expect(isolationFinding('READ-COMMITTED', 'REPEATABLE-READ')).to.include({ state: 'ok' });
    expect(isolationFinding('READ-COMMITTED', 'SERIALIZABLE')).to.include({ state: 'warning' });
    expect(isolationFinding('repeatable read', 'repeatable read')).to.include({ state: 'warning' });
  });
});
