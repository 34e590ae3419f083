import { expect } from 'chai';
import { isUtf8 } from 'node:buffer';

import type { SqlDriver } from '../../src/stores/sql/store.js';
import type { SqlServer } from '../support/sql-server.js';

import { string } from '../../src/codecs/value.js';
import { DRIVER as MYSQL } from '../../src/stores/mysql/store.js';
import { DRIVER as POSTGRES } from '../../src/stores/postgres/store.js';
import { all, textOf } from '../../src/testing/suite/stores.js';
import { startMysql } from '../support/mysql-server.js';
import { describeCounters, describeEntries, describeThousands, describeValues } from '../support/php-exchange.js';
import { expectLiveUse, laravelFolder, type LiveApplication } from '../support/php-live.js';
import { describeLocks } from '../support/php-locks.js';
import { type PhpCache, type PhpPeer, startPhpPeer } from '../support/php-peer.js';
import { oursAt, type Shared, type Traits } from '../support/php-shared.js';
import { SHARED_VALUES } from '../support/php-values.js';
import { startPostgres } from '../support/postgres-server.js';
import { sqlProfile } from '../support/sql-server.js';
import { createLaravelTables, type SqlAdmin, sqlAdmin } from '../support/sql-tables.js';

const PREFIX = 'shop-cache-';

/** Laravel locks the row of a counter. */
const TRAITS: Traits = {
  bareNumbers: false,
  countsFromNothing: false,
  countsInOneStep: true,
  endlessLock: 86_400,
  ownerCharacters: 255,
};

/** Ten years, less the time of a test. */
const FOREVER = 315_000_000;

/** Values that a text column could change. Random values cover the rest. */
const TITLES = new Set([
  'text beyond ASCII',
  'lines',
  'bytes that are no text',
  'the smallest integer',
  'a map of every type',
]);

interface Case {
  readonly driver: 'mysql' | 'postgres';
  readonly sql: SqlDriver;
  readonly start: typeof startMysql;
  readonly php: 'mysql' | 'pgsql';
  readonly quote: string;
  /** Whether the column accepts it from Laravel. */
  fits(bytes: Buffer): boolean;
}

const CASES: readonly Case[] = [
  { driver: 'mysql', sql: MYSQL, start: startMysql, php: 'mysql', quote: '`', fits: isUtf8 },
  {
    driver: 'postgres',
    sql: POSTGRES,
    start: startPostgres,
    php: 'pgsql',
    quote: '"',
    fits: (bytes) => bytes.includes(0) || isUtf8(bytes),
  },
];

for (const { driver, sql, start, php: phpDriver, quote, fits } of CASES) {
  describe(`the database of a Laravel application on ${sql.dialect.product}`, () => {
    let server: SqlServer;
    let admin: SqlAdmin;
    let php: PhpPeer;
    let shared: Shared;
    let neighbour: PhpCache;
    let locker: PhpPeer;
    let application: LiveApplication;

    before(async function () {
      php = startPhpPeer(this, `pdo_${phpDriver}`, 'Illuminate/Database');
      server = await start(this);
      const profile = sqlProfile(driver, server, PREFIX);
      await createLaravelTables(sql, profile);
      admin = sqlAdmin(sql, profile);
      const database = { store: 'database', server: { driver: phpDriver, ...server.connection } } as const;
      const theirs = php.cache({ ...database, prefix: PREFIX });
      neighbour = php.cache({ ...database, prefix: 'blog-cache-' });
      locker = startPhpPeer(this, `pdo_${phpDriver}`, 'Illuminate/Database');
      application = {
        folder: laravelFolder('shop', phpDriver, server.connection),
        writer: theirs,
        locker: locker.cache({ ...database, prefix: PREFIX }),
        neighbour,
        pagesUrl: `${server.url}?prefix=${PREFIX}page:`,
      };
      shared = { php, theirs, ...(await oursAt({ url: `${server.url}?prefix=${PREFIX}` })), raw, ttl };
    });

    beforeEach(async () => {
      await admin.run('DELETE FROM cache');
      await admin.run('DELETE FROM cache_locks');
    });

    after(async () => {
      await shared?.ours.close();
      await Promise.all([php?.stop(), locker?.stop()]);
      await admin?.close();
      await server?.stop();
    });

    /** A column of the row of an entry or a lock. */
    async function row(key: string, column: string): Promise<Buffer | number | null | undefined> {
      const from = (table: string, value: string): string =>
        `SELECT ${value} AS value, expiration FROM ${table} WHERE ${quote}key${quote} = '${PREFIX}${key}'`;
      const rows = await admin.run(
        `SELECT ${column} AS answer FROM (${from('cache', 'value')} UNION ALL ${from('cache_locks', "''")}) AS found`,
      );
      return rows[0]?.answer;
    }

    async function raw(key: string): Promise<string> {
      return String(await row(key, 'value'));
    }

    async function ttl(key: string): Promise<null | number> {
      const seconds = Number(await row(key, 'expiration')) - Math.floor(Date.now() / 1000);
      return seconds > FOREVER ? null : seconds;
    }

    describe('values', () => {
      describeValues(
        () => shared,
        TRAITS,
        SHARED_VALUES.filter(({ title, text = '' }) => TITLES.has(title) && fits(Buffer.from(text))),
      );
    });

    describe('thousands of values', () => describeThousands(() => shared, fits));

    describe('entries', () => describeEntries(() => shared));

    describe('counters', () => describeCounters(() => shared, TRAITS));

    describe('locks', () => describeLocks(() => shared, TRAITS));

    it('loses one prefix by a flush, but no locks and nothing of another application', async () => {
      const { ours, theirs, run } = shared;
      const value = await php.evaluate(`'theirs'`);
      for (const key of ['one', 'two']) for (const cache of [theirs, neighbour]) await cache.put(key, value, 600);
      for (const cache of [theirs, neighbour]) await cache.acquire('deploy', 600, 'laravel');
      await ours.put('three', string('ours'), 600);
      const { code, err } = await run(['flush', '--yes']);
      expect({ code, err }).to.deep.equal({ code: 0, err: '' });
      expect(await all(ours.keys())).to.deep.equal([]);
      expect((await theirs.get('one')).toString()).to.equal('N;');
      expect(await theirs.owner('deploy')).to.equal('laravel');
      expect(await neighbour.many(['one', 'two'])).to.deep.equal([value, value]);
      expect(await neighbour.owner('deploy')).to.equal('laravel');
    });

    it('is tailed, read, flushed by prefix and locked while Laravel writes and locks', async () =>
      expectLiveUse(application));

    it("is emptied by Laravel's flush", async () => {
      const { ours, theirs } = shared;
      await ours.put('k', string('v'), 60);
      expect(await theirs.flush()).to.be.true;
      expect(await ours.get('k')).to.be.undefined;
      await ours.put('k', string('again'), 60);
      expect(textOf(await ours.get('k'))).to.equal('again');
      expect((await theirs.get('k')).toString()).to.equal('s:5:"again";');
    });
  });
}
