import { expect } from 'chai';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';

import type { SqliteProfile } from '../../../src/profiles/profile.js';
import type { Waiting } from '../../../src/stores/contract/locks.js';
import type { Store } from '../../../src/stores/contract/store.js';

import { openCodec } from '../../../src/codecs/open.js';
import { acquireWithin } from '../../../src/stores/locks/wait.js';
import { openSqlite } from '../../../src/stores/sqlite/store.js';
import { until } from '../../../src/testing/suite/stores.js';
import { Database } from '../../support/database.js';

/** In milliseconds, longer than any case: a missing notification ends with the case's own timeout. */
const LONG = 3_600_000;

/** Several poll intervals, to see that nothing happens. */
const SHORT = 100;

const never = new AbortController().signal;

/** A process that waits for the lock until it is killed. */
const WAITER = `
  import { openCodec } from ${JSON.stringify(new URL('../../../src/codecs/open.ts', import.meta.url).href)};
  import { openSqlite } from ${JSON.stringify(new URL('../../../src/stores/sqlite/store.ts', import.meta.url).href)};
  const store = openSqlite(JSON.parse(process.argv[1]), openCodec('php'), { timeoutMs: 5000 });
  const waiting = await store.lock('deploy').startWaiting('a process');
  console.log('waits');
  await waiting.news(${LONG}, new AbortController().signal);
`;

/** Root may write everything, so the case about permissions runs as an ordinary user. */
async function asOrdinaryUser<T>(work: () => Promise<T>): Promise<T> {
  const user = process.geteuid!();
  if (user === 0) process.seteuid!(65_534);
  try {
    return await work();
  } finally {
    process.seteuid!(user);
  }
}

for (const journal of ['wal', 'delete']) {
  describe(`sqlite: waiting for a lock, in journal mode ${journal}`, () => {
    let folder: string;
    let path: string;
    let store: Store;
    let stores: Store[] = [];
    /** Another program, like the application or the sqlite3 shell. */
    let shell: Database;
    let before: unknown[];

    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), 'cachectl-waiting-'));
      path = join(folder, 'cache.sqlite');
      shell = new Database(path);
      shell.pragma(`journal_mode = ${journal}`);
      store = open();
      await store.lock('deploy').acquire('ann', 600);
      before = schema();
    });

    afterEach(async () => {
      await Promise.all(stores.map((each) => each.close()));
      stores = [];
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

    function open(more: Partial<SqliteProfile> = {}): Store {
      stores.push(openSqlite({ ...profile(), ...more }, openCodec('php'), { timeoutMs: 5000 }));
      return stores.at(-1)!;
    }

    function schema(): unknown[] {
      return shell.prepare('SELECT type, name, sql FROM sqlite_master ORDER BY name').all();
    }

    async function wait(owner = 'bob'): Promise<Waiting> {
      return store.lock('deploy').startWaiting!(owner);
    }

    async function owners(): Promise<Array<string | undefined>> {
      const waiters = await store.lock('deploy').waiters!();
      return waiters.map(({ owner }) => owner);
    }

    async function startProcess(): Promise<ChildProcess> {
      const args = ['--import', 'tsx', '--input-type=module', '--eval', WAITER, JSON.stringify(profile())];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      const said = await Promise.race([once(child.stdout!, 'data'), once(child, 'exit')]);
      expect(String(said[0])).to.equal('waits\n');
      return child;
    }

    it('learns of a release by any program', async () => {
      const waiting = await wait();
      expect(await waiting.news(SHORT, never)).to.be.false;
      const news = waiting.news(LONG, never);
      shell.exec(`DELETE FROM cache_locks WHERE key = 'app-deploy'`);
      expect(await news).to.be.true;
    });

    it('learns of a release before it listened', async () => {
      const waiting = await wait();
      shell.exec(`DELETE FROM cache_locks WHERE key = 'app-deploy'`);
      expect(await waiting.news(LONG, never)).to.be.true;
    });

    it('learns of a release by its own process', async () => {
      const news = (await wait()).news(LONG, never);
      await store.lock('deploy').release('ann');
      expect(await news).to.be.true;
    });

    it('is not woken by other writes, a refresh or a change of owner', async () => {
      const waiting = await wait();
      const isNews = waiting.news(SHORT * 4, never);
      shell.exec(`INSERT INTO cache_locks VALUES ('app-other', 'eve', unixepoch() + 60)`);
      shell.exec(`DELETE FROM cache_locks WHERE key = 'app-other'`);
      shell.exec(`UPDATE cache_locks SET expiration = expiration + 1`);
      shell.exec(`UPDATE cache_locks SET owner = 'eve'`);
      await wait('cyd');
      expect(await isNews).to.be.false;
    });

    it('ends on the signal', async () => {
      const controller = new AbortController();
      const news = (await wait()).news(LONG, controller.signal);
      controller.abort();
      expect(await news).to.be.false;
      expect(await (await wait()).news(LONG, controller.signal)).to.be.false;
    });

    it('ends when the store is closed, and leaves nothing behind', async () => {
      const news = (await wait()).news(LONG, never);
      await store.close();
      expect(await news).to.be.false;
      expect(schema()).to.deep.equal(before);
    });

    it('is visible with its attempts while it lasts, and keeps the schema', async () => {
      const since = Date.now();
      const first = await wait('bob');
      const second = await wait('cyd');
      const [waiter] = await store.lock('deploy').waiters!();
      expect(waiter).to.include({ owner: 'bob', attempts: 1, name: `${hostname()}:${process.pid}` });
      expect(waiter!.since!.getTime()).to.be.within(since, Date.now());
      expect(await owners()).to.have.members(['bob', 'cyd']);
      expect(await store.lock('other').waiters!()).to.deep.equal([]);
      await first.end();
      expect(await owners()).to.deep.equal(['cyd']);
      await second.end();
      await second.end();
      expect(await owners()).to.deep.equal([]);
      expect(schema()).to.deep.equal(before);
    });

    it('of a killed process disappears, and the next writer removes it', async () => {
      const child = await startProcess();
      expect(await owners()).to.deep.equal(['a process']);
      child.kill('SIGKILL');
      await once(child, 'exit');
      expect(await owners()).to.deep.equal([]);
      expect(schema()).not.to.deep.equal(before);
      await open().lock('deploy').release('nobody');
      expect(schema()).to.deep.equal(before);
    }).timeout(60_000);

    it('of an unknown machine is visible until its lease ends', async () => {
      await wait('bob');
      await wait('cyd');
      shell.exec(`UPDATE cachectl_waiters SET host = 'elsewhere', pid = 1 WHERE owner = 'bob'`);
      expect(await owners()).to.have.members(['bob', 'cyd']);
      shell.exec(`UPDATE cachectl_waiters SET lease = unixepoch() WHERE owner = 'bob'`);
      expect(await owners()).to.deep.equal(['cyd']);
      await wait('dan');
      const left = shell.prepare('SELECT owner FROM cachectl_waiters ORDER BY owner').pluck().all();
      expect(left).to.deep.equal(['cyd', 'dan']);
    });

    it('works unseen while another program writes, and is recorded afterwards', async () => {
      shell.exec('BEGIN IMMEDIATE');
      const waiting = await wait();
      expect(await waiting.news(SHORT, never)).to.be.false;
      expect(schema()).to.deep.equal(before);
      shell.exec(`DELETE FROM cache_locks WHERE key = 'app-deploy'`);
      shell.exec('COMMIT');
      expect(await waiting.news(LONG, never)).to.be.true;
      await until(async () => (await owners()).length === 1);
    });

    it('can end while another program writes, and disappears afterwards', async () => {
      const waiting = await wait();
      shell.exec('BEGIN IMMEDIATE');
      const ended = waiting.end();
      shell.exec('COMMIT');
      await ended;
      expect(schema()).to.deep.equal(before);
    });

    it('works unseen on a read-only file', async () => {
      chmodSync(folder, 0o755);
      for (const name of ['', ...(journal === 'wal' ? ['-wal', '-shm'] : [])]) chmodSync(`${path}${name}`, 0o444);
      const waiting = await asOrdinaryUser(async () => {
        const reader = open().lock('deploy');
        const unseen = await reader.startWaiting!('bob');
        expect(await unseen.news(SHORT, never)).to.be.false;
        expect(await reader.waiters!()).to.deep.equal([]);
        return unseen;
      });
      const news = waiting.news(LONG, never);
      if (process.geteuid!() !== 0) chmodSync(path, 0o644);
      shell.exec(`DELETE FROM cache_locks WHERE key = 'app-deploy'`);
      expect(await news).to.be.true;
      await waiting.end();
      expect(schema()).to.deep.equal(before);
    });

    it('works without a table or a file, and creates neither', async () => {
      shell.exec('DROP TABLE cache_locks');
      expect(await (await wait()).news(LONG, never)).to.be.true;
      const none = join(folder, 'none.sqlite');
      const lock = open({ path: none }).lock('deploy');
      const waiting = await lock.startWaiting!('bob');
      expect(await waiting.news(LONG, never)).to.be.true;
      expect(await lock.waiters!()).to.deep.equal([]);
      expect(existsSync(none)).to.be.false;
    });

    if (journal === 'wal') {
      it("counts a waiter's attempts, and reports them with the next renewal", async () => {
        const signal = AbortSignal.timeout(LONG);
        const waiting = acquireWithin(store.lock('deploy'), { owner: 'bob', ttl: 60, wait: LONG / 1000, signal });
        await until(async () => ((await store.lock('deploy').waiters!())[0]?.attempts ?? 0) > 1);
        expect(await store.lock('deploy').release('ann')).to.be.true;
        expect(await waiting).to.be.true;
        expect(schema()).to.deep.equal(before);
      }).timeout(60_000);
    }
  });
}
