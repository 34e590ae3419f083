import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Store } from '../../../src/stores/contract/store.js';

import { openCodec } from '../../../src/codecs/open.js';
import { openSqlite } from '../../../src/stores/sqlite/store.js';
import { all, failure } from '../../../src/testing/suite/stores.js';
import { Database } from '../../support/database.js';

describe('sqlite: listing locks', () => {
  let folder: string;
  let path: string;
  let stores: Store[] = [];
  /** Another program, like the application or the sqlite3 shell. */
  let shell: Database;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cachectl-locks-'));
    path = join(folder, 'cache.sqlite');
    shell = new Database(path);
  });

  afterEach(async () => {
    await Promise.all(stores.map((store) => store.close()));
    stores = [];
    shell.close();
    rmSync(folder, { recursive: true });
  });

  function open(prefix: string): Store {
    const profile = { name: 'test', codec: 'php', protected: false, path, table: 'cache', lockTable: 'locks' } as const;
    stores.push(openSqlite({ driver: 'sqlite', prefix, ...profile }, openCodec('php'), { timeoutMs: 5000 }));
    return stores.at(-1)!;
  }

  function createTable(): void {
    // As in an application from before 2024, without an index.
    shell.exec(
      `CREATE TABLE locks ("key" varchar not null primary key, "owner" varchar not null, "expiration" integer)`,
    );
  }

  function insert(key: string, left: number): void {
    shell.prepare('INSERT INTO locks VALUES (?, ?, unixepoch() + ?)').run(key, 'an application', left);
  }

  async function names(store: Store): Promise<string[]> {
    const found = await all(store.locks!());
    return found.map(({ name }) => name);
  }

  it('has many pages, each live lock once, ordered by key', async () => {
    createTable();
    shell.transaction(() => {
      for (let number = 0; number < 5000; number++)
        insert(`app-${String(number).padStart(4, '0')}`, number % 2 ? 60 : 0);
    })();
    const odd = Array.from({ length: 2500 }, (_, number) => String(number * 2 + 1).padStart(4, '0'));
    expect(await names(open('app-'))).to.deep.equal(odd);
  });

  it('has only locks under the prefix, compared by bytes', async () => {
    createTable();
    for (const key of [
      'předpona:žluť',
      'předpona:',
      'předponb:x',
      'Předpona:x',
      'předpon_:x',
      'předpona',
      '\u{1F600}:x',
    ]) {
      insert(key, 60);
    }

    expect(await names(open('předpona:'))).to.deep.equal(['', 'žluť']);
    expect(await names(open('\u{1F600}:'))).to.deep.equal(['x']);
    expect(await names(open(''))).to.have.lengthOf(7);
  });

  it('has holder and remaining time, to the millisecond', async () => {
    createTable();
    insert('app-laravel', 86_400);
    await open('app-').lock('ours').acquire('ann', null);
    const before = Date.now();
    const [laravel, ours] = await all(open('app-').locks!());
    const { expiration } = shell.prepare(`SELECT expiration FROM locks WHERE key = 'app-laravel'`).get() as {
      expiration: number;
    };
    expect(laravel).to.include({ name: 'laravel', owner: 'an application', detectedBy: 'place' });
    expect(laravel!.leftMs).to.be.within(expiration * 1000 - Date.now(), expiration * 1000 - before);
    expect(laravel!.ttl).to.be.within(86_000, 86_400);
    expect(ours).to.deep.equal({ name: 'ours', owner: 'ann', ttl: null, detectedBy: 'place' });
    expect(await open('app-').lock('ours').holder()).to.deep.equal({ owner: 'ann', ttl: null });
    expect((await open('app-').lock('laravel').holder())!.leftMs).to.be.at.most(laravel!.leftMs!);
  });

  it('lets others write, and leaves out locks released between pages', async () => {
    createTable();
    shell.transaction(() => {
      for (let number = 0; number < 3000; number++) insert(`app-${String(number).padStart(4, '0')}`, 60);
    })();
    const told: string[] = [];
    for await (const { name } of open('app-').locks!()) {
      if (told.length === 0) shell.exec(`DELETE FROM locks WHERE key >= 'app-2000'`);
      told.push(name);
    }

    expect(told).to.have.lengthOf(2000);
  });

  it('ends on the signal', async () => {
    createTable();
    insert('app-a', 60);
    const aborted = AbortSignal.abort(new Error('enough'));
    expect(await failure(all(open('app-').locks!({ signal: aborted })))).to.have.property('message', 'enough');
  });

  it('is empty without the table, and does not create it', async () => {
    expect(await names(open('app-'))).to.deep.equal([]);
    expect(shell.prepare('SELECT count(*) FROM sqlite_master').pluck().get()).to.equal(0);
  });
});
