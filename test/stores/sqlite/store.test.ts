import { expect } from 'chai';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import type { CodecName } from '../../../src/codecs/codec.js';
import type { Entry, Progress, Store } from '../../../src/stores/contract/store.js';

import { openCodec } from '../../../src/codecs/open.js';
import { integer, string } from '../../../src/codecs/value.js';
import { type CachectlError, RefusedError, TimeoutError, UnreachableError } from '../../../src/errors.js';
import { openSqlite } from '../../../src/stores/sqlite/store.js';
import { all } from '../../../src/testing/suite/stores.js';
import { Worker } from '../../../src/testing/worker-process.js';
import { Database } from '../../support/database.js';

async function refusal(attempt: Promise<unknown>, type: new (...args: never[]) => CachectlError): Promise<void> {
  try {
    await attempt;
  } catch (error) {
    expect(error).to.be.instanceOf(type);
    const { message, hint } = error as CachectlError;
    expect(message).to.include(tmpdir());
    expect(`${message}${hint}`).not.to.include('\n');
    expect(hint).to.match(/\S/);
    return;
  }

  throw new Error('It was expected to be refused.');
}

/** Root may read and write everything, so the cases about permissions run as an ordinary user. */
async function asOrdinaryUser(work: () => Promise<void>): Promise<void> {
  const user = process.geteuid!();
  if (user === 0) process.seteuid!(65_534);
  try {
    await work();
  } finally {
    process.seteuid!(user);
  }
}

describe('sqlite: the file', () => {
  let folder: string;
  let path: string;
  let stores: Store[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cachectl-file-'));
    path = join(folder, 'cache.sqlite');
  });

  afterEach(async () => {
    await Promise.all(stores.map((store) => store.close()));
    stores = [];
    rmSync(folder, { recursive: true });
  });

  function open({
    prefix = 'app-',
    table = 'cache',
    at = path,
    timeoutMs = 50,
    codec = 'php' as CodecName,
  } = {}): Store {
    const profile = {
      driver: 'sqlite',
      name: 'test',
      prefix,
      codec,
      protected: false,
      path: at,
      table,
      lockTable: `${table}_locks`,
    } as const;
    const store = openSqlite(profile, openCodec(codec), { timeoutMs });
    stores.push(store);
    return store;
  }

  /** As opened by another program. */
  function sql<T>(work: (database: Database) => T): T {
    const database = new Database(path);
    try {
      return work(database);
    } finally {
      database.close();
    }
  }

  function schema(): unknown {
    return sql((database) => database.prepare('SELECT name, sql FROM sqlite_master ORDER BY name').all());
  }

  describe('that is missing', () => {
    it('is not created by a read', async () => {
      const store = open({ at: join(folder, 'no', 'such', 'cache.sqlite') });
      expect(await store.get('k')).to.be.undefined;
      expect(await store.many(['k'])).to.deep.equal([undefined]);
      expect(await store.forget(['k'])).to.deep.equal([false]);
      expect(await store.touch('k', 60)).to.be.false;
      expect(await store.pull('k')).to.be.undefined;
      expect(await store.lock('l').holder()).to.be.undefined;
      expect(await store.tags(['t']).flush({ dryRun: false })).to.equal(0);
      expect(await store.flush({ scope: 'prefix', locks: true, dryRun: false })).to.deep.equal({
        removed: 0,
        keptLocks: 0,
      });
      expect(readdirSync(folder)).to.deep.equal([]);
    });

    it('is created by the first write, in WAL mode, for its user only', async () => {
      path = join(folder, 'new', 'folder', 'cache.sqlite');
      const store = open();
      await store.put('k', string('v'), 60);
      expect(statSync(dirname(path)).mode & 0o777).to.equal(0o700);
      for (const suffix of ['', '-wal', '-shm']) expect(statSync(path + suffix).mode & 0o777).to.equal(0o600);
      await store.close();
      expect(sql((database) => database.pragma('journal_mode'))).to.equal('wal');
      expect(existsSync(`${path}-wal`)).to.be.false;
    });

    it('is created once by several processes', async () => {
      const profile = {
        driver: 'sqlite',
        name: 'test',
        prefix: 'app-',
        codec: 'php',
        protected: false,
        path,
        table: 'cache',
        lockTable: 'cache_locks',
      } as const;
      const workers = Array.from({ length: 4 }, () => new Worker(profile));
      await Promise.all(workers.map((worker) => worker.ready()));
      const keys = Array.from({ length: 20 }, (_, number) => `k${number}`);
      const wins = await Promise.all(workers.map((worker) => worker.does({ job: 'add', keys })));
      for (const worker of workers) worker.end();
      expect(wins.reduce((sum, count) => sum + count, 0)).to.equal(20);
      expect(sql((database) => database.pragma('journal_mode'))).to.equal('wal');
    }).timeout(60_000);

    it('gets the tables of Laravel’s migration on demand', async () => {
      const store = open();
      await store.put('k', string('v'), 60);
      expect(schema()).to.deep.equal([
        {
          name: 'cache',
          sql: 'CREATE TABLE "cache" ("key" varchar not null, "value" text not null, "expiration" integer not null, primary key ("key"))',
        },
        { name: 'cache_expiration_index', sql: 'CREATE INDEX "cache_expiration_index" ON "cache" ("expiration")' },
        { name: 'sqlite_autoindex_cache_1', sql: null },
      ]);
      await store.lock('l').acquire('me', 60);
      await store.tags(['t']).put('k', string('v'), 60);
      const names = (schema() as Array<{ name: string }>).map(({ name }) => name);
      expect(names).to.include.members(['cache_locks', 'cache_locks_expiration_index', 'cachectl_tags']);
    });
  });

  describe('of an application', () => {
    beforeEach(() => {
      sql((database) => database.exec('CREATE TABLE users (id INTEGER PRIMARY KEY)'));
    });

    it('keeps its journal mode and its other tables', async () => {
      const store = open();
      await store.put('k', string('v'), 60);
      await store.flush({ scope: 'all', locks: true, dryRun: false });
      await store.close();
      expect(sql((database) => database.pragma('journal_mode'))).to.equal('delete');
      expect((schema() as Array<{ name: string }>)[0]?.name).to.equal('cache');
      expect((schema() as Array<{ name: string }>).at(-1)?.name).to.equal('users');
    });

    it('without cache tables is read as empty and not changed', async () => {
      const store = open();
      expect(await store.get('k')).to.be.undefined;
      expect(await store.forget(['k'])).to.deep.equal([false]);
      expect(await store.lock('l').release('me')).to.be.false;
      expect(schema()).to.deep.equal([{ name: 'users', sql: 'CREATE TABLE users (id INTEGER PRIMARY KEY)' }]);
    });

    it('can have tables of any name', async () => {
      const store = open({ table: `my "cache"; DROP TABLE users` });
      await store.put('k', string('v'), 60);
      expect(await store.lock('l').acquire('me', 60)).to.be.true;
      expect((await store.get('k'))?.decode()).to.deep.equal(string('v'));
      expect(sql((database) => database.prepare('SELECT count(*) AS n FROM users').get())).to.deep.equal({ n: 0 });
    });
  });

  describe('rows', () => {
    it('are Laravel’s: bytes as TEXT, base64 only with a NUL byte', async () => {
      const store = open();
      await store.put('text', string(Buffer.from([0xff, 0x80])), 60);
      await store.put('nul', string(Buffer.from([0, 1])), null);
      const rows = sql((database) =>
        database
          .prepare(
            'SELECT key, typeof(value) AS type, CAST(value AS BLOB) AS value, expiration - unixepoch() AS ttl FROM cache ORDER BY key',
          )
          .all(),
      ) as Array<{ key: string; type: string; value: Buffer; ttl: number }>;
      expect(rows.map(({ key, type }) => [key, type])).to.deep.equal([
        ['app-nul', 'text'],
        ['app-text', 'text'],
      ]);
      expect(rows[0]!.value.toString()).to.equal(Buffer.from('s:2:"\0\u0001";').toString('base64'));
      expect(rows[1]!.value).to.deep.equal(Buffer.from('733a323a22ff80223b', 'hex'));
      expect(rows[0]!.ttl).to.be.within(315_359_000, 315_360_000);
      expect(rows[1]!.ttl).to.be.within(1, 60);
    });

    it('of another codec hold its bytes', async () => {
      const store = open({ codec: 'raw' });
      const bytes = Buffer.from([0, 0xff, 0x41, 0]);
      await store.put('k', string(bytes), 60);
      const entry = await store.get('k');
      expect(entry?.stored).to.deep.equal(bytes);
      expect(entry?.decode()).to.deep.equal(string(bytes));
    });

    it('that expired are removed by later writes, with their tags', async () => {
      const store = open();
      await store
        .tags(['t'])
        .putMany(Array.from({ length: 150 }, (_, number) => ({ key: `k${number}`, value: integer(number), ttl: 60 })));
      const count = (table: string) =>
        sql((database) => (database.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }).n);
      sql((database) => database.exec('UPDATE cache SET expiration = 1'));
      await store.put('one', string('v'), 60);
      expect([count('cache'), count('cachectl_tags')]).to.deep.equal([51, 50]);
      await store.put('two', string('v'), 60);
      expect([count('cache'), count('cachectl_tags')]).to.deep.equal([2, 0]);
    });

    it('that expired are removed by a flush, uncounted, but are part of its total', async () => {
      const store = open();
      const other = open({ prefix: 'other-' });
      const entries = Array.from({ length: 3000 }, (_, number) => ({ key: `k${number}`, value: string('v'), ttl: 60 }));
      for (const each of [store, other]) await each.putMany(entries);
      const expired = sql(
        (database) => database.prepare(`UPDATE cache SET expiration = 1 WHERE key LIKE 'app-%7'`).run().changes,
      );
      const scope = { scope: 'prefix', locks: false, dryRun: false } as const;
      const progress: Progress[] = [];
      const onProgress = (each: Progress): number => progress.push(each);
      expect(await store.flush({ ...scope, onProgress, wantsTotal: true })).to.deep.include({
        removed: 3000 - expired,
      });
      expect(progress.length).to.be.greaterThan(1);
      expect(progress.at(-1)).to.deep.equal({ done: 3000 - expired, total: 3000 });
      const keys = sql((database) => database.prepare('SELECT count(*) AS n, min(key) AS key FROM cache').get());
      expect(keys).to.deep.equal({ n: 3000, key: 'other-k0' });
      progress.length = 0;
      expect(await other.flush({ ...scope, onProgress })).to.deep.include({ removed: 3000 });
      expect(progress.at(-1)).to.deep.equal({ done: 3000 });
    });

    it('are listed past keys that are not text, each once', async () => {
      const store = open();
      await store.put('first', string('v'), 60);
      sql((database) => {
        const insert = database.prepare(
          `INSERT INTO cache (key, value, expiration) VALUES (CAST(? AS TEXT), 's:1:"v";', unixepoch() + 60)`,
        );
        // More than a page, including the last row of the first page.
        for (let number = 0; number < 2500; number++) {
          insert.run(Buffer.concat([Buffer.from('app-k'), Buffer.from([0xff, number >> 8, number % 256])]));
        }
      });
      expect(await all(store.keys())).to.have.lengthOf(2501);
      const pages = await all(store.entries!({ contents: true, tags: true, places: true }));
      const listed = pages.flat();
      expect(listed).to.have.lengthOf(2501);
      expect(listed.at(-1)).to.deep.include({ key: 'k\uDCFF\t\uDCC3', size: 8 });
      const rest = (await all(store.entries!({ after: pages[0]!.place! }))).flat();
      expect(rest).to.have.lengthOf(2501 - pages[0]!.length);
    });

    it('never expire if their expiration is text that is no number', async () => {
      const store = open();
      await store.put('key', string('v'), 60);
      sql((database) => database.exec("UPDATE cache SET expiration = 'never'"));
      expect((await store.get('key'))?.ttl).to.equal(null);
      const [[listed] = []] = await all(store.entries!({}));
      expect(listed).to.deep.include({ key: 'key', ttl: null });
    });

    it('are listed with large values, in pages of bounded size', async () => {
      const store = open();
      const sizes = Array.from({ length: 20 }, (_, index) => (index % 2 ? 10 : 600_000));
      // Half of the keys and the last value are not UTF-8.
      const entries = sizes.map((size, index) => ({
        key: `k${index < 10 ? '' : '\uDCFF'}${index}`,
        value: string(index === 19 ? Buffer.of(0xff) : 'x'.repeat(size)),
        ttl: 60,
      }));
      await store.putMany(entries);
      const pages = await all(store.entries!({ contents: true }));
      expect(pages.length).to.be.greaterThan(1);
      const values = pages.flat().map(({ key, reading }) => [key, (reading as Entry).decode()] as const);
      expect(new Map(values)).to.deep.equal(new Map(entries.map(({ key, value }) => [key, value])));
    });

    it('are found by the exact case of their keys', async () => {
      const store = open({ prefix: 'App-' });
      await store.put('k', string('v'), 60);
      expect(await open({ prefix: 'app-' }).get('k')).to.be.undefined;
      await open({ prefix: 'app-' }).flush({ scope: 'prefix', locks: true, dryRun: false });
      expect(await store.get('k')).not.to.be.undefined;
    });
  });

  describe('that cannot be used is reported by name', () => {
    it('if it is no database', async () => {
      writeFileSync(path, 'x'.repeat(5000));
      await refusal(open().get('k'), RefusedError);
      await refusal(open().put('k', string('v'), 60), RefusedError);
    });

    it('if it is damaged', async () => {
      const store = open();
      await store.putMany(
        Array.from({ length: 1000 }, (_, number) => ({ key: `k${number}`, value: string('x'.repeat(100)), ttl: null })),
      );
      await store.close();
      const { size } = statSync(path);
      const header = readFileSync(path).subarray(0, 4096);
      writeFileSync(path, Buffer.concat([header, Buffer.alloc(size - 4096, 0xaa)]));
      await refusal(open().get('k1'), RefusedError);
    });

    it('if it is a folder', async () => {
      mkdirSync(path);
      await refusal(open().get('k'), RefusedError);
      await refusal(open().put('k', string('v'), 60), RefusedError);
    });

    it('if its folder is a file', async () => {
      writeFileSync(join(folder, 'file'), '');
      await refusal(open({ at: join(folder, 'file', 'cache.sqlite') }).put('k', string('v'), 60), UnreachableError);
    });

    it('if it stores text as UTF-16', async () => {
      sql((database) => {
        database.exec(`PRAGMA encoding = 'UTF-16le'`);
        database.exec('CREATE TABLE t (x)');
      });
      await refusal(open().get('k'), RefusedError);
    });

    it('if its table is another one', async () => {
      sql((database) => database.exec('CREATE TABLE cache (id INTEGER PRIMARY KEY)'));
      await refusal(open().get('k'), RefusedError);
      await refusal(open().put('k', string('v'), 60), RefusedError);
    });

    it('if another process locks it for longer than the timeout', async () => {
      await open().put('k', string('v'), 60);
      const other = new Database(path);
      other.exec('BEGIN EXCLUSIVE');
      try {
        await refusal(open().put('k', string('w'), 60), TimeoutError);
        await refusal(open().lock('l').acquire('me', 60), TimeoutError);
        expect((await open().get('k'))?.decode()).to.deep.equal(string('v'));
      } finally {
        other.close();
      }
    });

    it('if it may not be opened', async () => {
      await open().put('k', string('v'), 60);
      chmodSync(folder, 0o755);
      chmodSync(path, 0);
      await asOrdinaryUser(() => refusal(open().get('k'), UnreachableError));
      chmodSync(folder, 0);
      await asOrdinaryUser(() => refusal(open().get('k'), RefusedError));
    });

    it('if its folder is not writable', async () => {
      chmodSync(folder, 0o555);
      await asOrdinaryUser(() => refusal(open().put('k', string('v'), 60), RefusedError));
    });

    for (const mode of ['delete', 'wal']) {
      it(`for writes if it is read-only (journal mode ${mode}), but not for reads`, async () => {
        sql((database) => database.pragma(`journal_mode = ${mode}`));
        const writer = open();
        await writer.put('k', string('v'), 60);
        // Load the sources as root: an ordinary user may not be able to read root's clone.
        await writer.events({ signal: new AbortController().signal, enable: false });
        await writer.close();
        chmodSync(path, 0o444);
        chmodSync(folder, 0o555);
        await asOrdinaryUser(async () => {
          const store = open();
          expect((await store.get('k'))?.decode()).to.deep.equal(string('v'));
          const keys = [];
          for await (const key of store.keys()) keys.push(key);
          expect(keys).to.deep.equal(['k']);
          await refusal(store.put('k', string('w'), 60), RefusedError);
          await refusal(store.lock('l').acquire('me', 60), RefusedError);
          await refusal(store.events({ signal: new AbortController().signal, enable: true }), RefusedError);
          expect((await store.get('k'))?.decode()).to.deep.equal(string('v'));
        });
        chmodSync(folder, 0o755);
      });
    }
  });
});
