import { expect } from 'chai';

import type { Store } from '../../../src/stores/contract/store.js';
import type { TaggedRows } from '../../../src/stores/sql/tags/tagged-rows.js';
import type { SqlServer } from '../../support/sql-server.js';

import { openCodec } from '../../../src/codecs/open.js';
import { string } from '../../../src/codecs/value.js';
import { RefusedError } from '../../../src/errors.js';
import { DRIVER, openMysql } from '../../../src/stores/mysql/store.js';
import { Connection } from '../../../src/stores/sql/connection.js';
import { sql } from '../../../src/stores/sql/statement.js';
import { textBytes } from '../../../src/stores/sql/text.js';
import { all, failure, textOf } from '../../../src/testing/suite/stores.js';
import { startMysql } from '../../support/mysql-server.js';
import { sqlProfile } from '../../support/sql-server.js';
import { createLaravelTables, createOwnTables, sqlAdmin } from '../../support/sql-tables.js';

const hex = (latin1: string): string => Buffer.from(latin1, 'latin1').toString('hex').toUpperCase();

// Laravel's own migration: for utf8mb4_unicode_ci, keys that differ in case, accents or trailing spaces are equal.
describe('MySQL with a collation that ignores case and accents', () => {
  let server: SqlServer;
  const open = (prefix: string): Store =>
    openMysql(sqlProfile('mysql', server, prefix), openCodec('php'), { timeoutMs: 20_000 });

  before(async function () {
    server = await startMysql(this);
    await createLaravelTables(DRIVER, sqlProfile('mysql', server, ''));
  });

  after(async () => server?.stop());

  it('finds, lists, counts and flushes exact keys only', async () => {
    const [lower, upper] = [open('app:'), open('APP:')];
    await lower.put('é', string('v'), 60);
    expect(await upper.get('é')).to.be.undefined;
    expect(await lower.get('e')).to.be.undefined;
    expect(await lower.get('é ')).to.be.undefined;
    expect(await upper.forget(['é'])).to.deep.equal([false]);
    expect(await upper.touch('é', 600)).to.be.false;
    expect(await all(upper.keys())).to.deep.equal([]);
    expect(await upper.count!()).to.equal(0);
    expect((await upper.flush({ scope: 'prefix', locks: true, dryRun: false })).removed).to.equal(0);
    expect(textOf(await lower.get('é'))).to.equal('v');
    await Promise.all([lower.close(), upper.close()]);
  });

  it('refuses to write over another spelling, in bulk too', async () => {
    const store = open('spelling:');
    await store.put('key', string('first'), 60);
    expect(await failure(store.put('KEY', string('second'), 60))).to.be.instanceOf(RefusedError);
    const entries = ['other', 'KEY'].map((key) => ({ key, value: string('third'), ttl: 60 }));
    expect(await failure(store.putMany(entries))).to.be.instanceOf(RefusedError);
    expect(await failure(store.increment('KEY', 1n))).to.be.instanceOf(RefusedError);
    expect(await store.get('other')).to.be.undefined;
    expect(textOf(await store.get('key'))).to.equal('first');
    await store.close();
  });

  // The range of the primary key that LIKE reads does not contain them.
  for (const collation of ['utf8mb4_unicode_ci', 'utf8mb4_unicode_520_ci', 'utf8mb4_general_ci', 'utf8mb4_bin']) {
    it(`lists, counts and flushes keys at the ends of the prefix in ${collation}`, async () => {
      const table = `ends_${collation}`;
      const admin = sqlAdmin(DRIVER, sqlProfile('mysql', server, ''));
      await admin.run(`CREATE TABLE ${table} LIKE cache`);
      await admin.run(`ALTER TABLE ${table} CONVERT TO CHARACTER SET utf8mb4 COLLATE ${collation}`);
      const store = openMysql({ ...sqlProfile('mysql', server, 'app-'), table }, openCodec('php'), {
        timeoutMs: 20_000,
      });
      const keys = ['\u{1F40E}', '\uFFFDz', '\u{10FFFF}\u{10FFFF}', 'a', '\tb'];
      for (const key of keys) await store.put(key, string('v'), 60);
      expect(await all(store.keys())).to.have.members(keys);
      expect(await store.count!()).to.equal(keys.length);
      expect((await store.flush({ scope: 'prefix', locks: false, dryRun: false })).removed).to.equal(keys.length);
      expect(await admin.run(`SELECT 1 AS one FROM ${table}`)).to.deep.equal([]);
      await Promise.all([store.close(), admin.close()]);
    });
  }

  it('flushes a tag by the bytes of its keys', async () => {
    const profile = sqlProfile('mysql', server, 'tagged:');
    await createOwnTables(DRIVER, profile);
    const admin = sqlAdmin(DRIVER, profile);
    const store = open('tagged:');
    const tagged = store.tags(['Tag', 'other']);
    for (const key of ['kept', 'removed']) await tagged.put(key, string('v'), 60);
    await admin.run("UPDATE cache SET `key` = REPLACE(`key`, 'kept', 'KEPT') WHERE `key` LIKE 'tagged:%'");
    expect(await store.tags(['tag']).flush({ dryRun: false })).to.equal(0);
    expect(await store.tags(['Tag']).flush({ dryRun: false })).to.equal(1);
    expect((await all(store.keys())).map((key) => key.split(':').at(-1))).to.deep.equal(['KEPT']);
    expect(await admin.run('SELECT tag FROM cachectl_tags')).to.deep.equal([]);
    await Promise.all([store.close(), admin.close()]);
  });

  it('starts a step of tags:flush again if entries were tagged during it', async () => {
    const profile = sqlProfile('mysql', server, 'added:');
    await createOwnTables(DRIVER, profile);
    const store = open('added:');
    const tagged = store.tags(['tag']);
    for (const key of ['1', '5']) await tagged.put(key, string('v'), 60);
    const connection = new Connection(DRIVER.server(server.connection), 20_000);
    const rows = (keys: readonly Buffer[]): TaggedRows => ({
      cache: DRIVER.dialect.identifier('cache'),
      tags: DRIVER.dialect.identifier('cachectl_tags'),
      tag: Buffer.from('added:tag'),
      prefix: 'added:',
      after: undefined,
      last: keys.at(-1)!,
      keys,
      hasOthers: false,
    });
    let attempts = 0;
    const removed = await connection.transaction(async (run) => {
      const where = sql`WHERE tag = ${textBytes(Buffer.from('added:tag'))} ORDER BY \`key\` FOR UPDATE`;
      const locked = await run<{ key: Buffer }>(sql`SELECT \`key\` FROM cachectl_tags ${where}`);
      if (++attempts === 1) await tagged.put('3', string('v'), 60);
      return DRIVER.dialect.removeTagged(run, rows(locked.rows.map(({ key }) => key)));
    });
    expect({ attempts, removed }).to.deep.equal({ attempts: 2, removed: 3 });
    expect(await store.count!()).to.equal(0);
    await Promise.all([store.close(), connection.close()]);
  });

  it('converts UTF-8 to the character set of a column, and refuses what that set lacks', async () => {
    const profile = { ...sqlProfile('mysql', server, 'latin:'), table: 'latin' };
    const admin = sqlAdmin(DRIVER, profile);
    await admin.run('CREATE TABLE latin CHARACTER SET latin1 SELECT * FROM cache WHERE 1 = 0');
    await admin.run('ALTER TABLE latin CONVERT TO CHARACTER SET latin1, ADD PRIMARY KEY (`key`)');
    const store = openMysql(profile, openCodec('php'), { timeoutMs: 20_000 });
    await store.put('é', string('é €'), 60);
    expect(textOf(await store.get('é'))).to.equal('é €');
    const [row] = await admin.run('SELECT HEX(`key`) AS name, HEX(value) AS value FROM latin');
    expect([row!.name, row!.value].join(' ')).to.equal(`6C6174696E3AE9 ${hex('s:6:"\u00E9 \u0080";')}`);
    expect(await failure(store.put('key', string('ż'), 60)))
      .to.be.instanceOf(RefusedError)
      .with.property('message')
      .that.includes('not in its character set');
    expect(await failure(store.get('ż')))
      .to.be.instanceOf(RefusedError)
      .with.property('message')
      .that.includes('no such character in the character set of the key column');
    await Promise.all([store.close(), admin.close()]);
  });

  it('has one holder of all spellings of a lock, as in Laravel', async () => {
    const store = open('lock:');
    expect(await store.lock('Deploy').acquire('ann', 60)).to.be.true;
    expect(await store.lock('deploy').acquire('bob', 60)).to.be.false;
    expect((await store.lock('deploy').holder())?.owner).to.equal('ann');
    expect(await store.lock('deploy').release('bob')).to.be.false;
    expect(await store.lock('deploy').forceRelease()).to.be.false;
    expect((await store.lock('Deploy').holder())?.owner).to.equal('ann');
    expect(await store.lock('deploy').release('ann')).to.be.true;
    expect(await store.lock('Deploy').holder()).to.be.undefined;
    await store.close();
  });
});
