import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { Store } from '../../../src/stores/contract/store.js';

import { openCodec } from '../../../src/codecs/open.js';
import { openSqlite } from '../../../src/stores/sqlite/store.js';
import { Database } from '../../support/database.js';

/** More rows than a sample reads one by one. */
const ROWS = 110_000;

describe('a sample of a large SQLite file', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cachectl-sample-'));
  let store: Store;

  function open(file: string, columns: string): void {
    const database = new Database(path.join(folder, file));
    database.exec(`CREATE TABLE cache ("key" varchar not null, "value" text not null, "expiration" integer not null, primary key ("key")) ${columns};
      WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < ${ROWS})
      INSERT INTO cache SELECT 'app-' || x, printf('%.*c', 1 + x % 50, 'v'), 4000000000 FROM n;
      INSERT INTO cache VALUES ('other-1', 'theirs', 4000000000);`);
    database.close();
    const profile = { driver: 'sqlite', name: 'test', prefix: 'app-', codec: 'php', protected: false } as const;
    const place = { path: path.join(folder, file), table: 'cache', lockTable: 'cache_locks' };
    store = openSqlite({ ...profile, ...place }, openCodec('php'), { timeoutMs: 5000 });
  }

  afterEach(async () => store.close());

  after(() => rmSync(folder, { force: true, recursive: true }));

  it('is drawn by row numbers from all rows', async () => {
    open('numbered.sqlite', '');
    const { entries, isComplete, isRandom, looked } = await store.sample!({ size: 500 });
    expect({ isComplete, isRandom }).to.deep.equal({ isComplete: false, isRandom: true });
    expect(entries).to.have.lengthOf(500);
    expect(looked).to.be.at.least(500);
    // Fifty sizes, evenly spread: a fair sample practically never misses two thirds of them.
    expect(new Set(entries.map(({ size }) => size)).size).to.be.greaterThan(17);
    for (const { size, ttl } of entries) expect([size >= 1 && size <= 50, ttl]).to.deep.equal([true, null]);
  });

  it('is not random, and marked so, if rows have no numbers', async () => {
    open('keyed.sqlite', 'WITHOUT ROWID');
    const { entries, isRandom, method } = await store.sample!({ size: 10 });
    expect(isRandom).to.equal(false);
    expect(method).to.include('the first 100000 by key');
    expect(entries).to.have.lengthOf(10);
  });
});
