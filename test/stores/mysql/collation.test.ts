import { expect } from 'chai';

import type { Store } from '../../../src/stores/contract/store.js';
import type { SqlServer } from '../../support/sql-server.js';

import { openCodec } from '../../../src/codecs/open.js';
import { string } from '../../../src/codecs/value.js';
import { RefusedError } from '../../../src/errors.js';
import { DRIVER, openMysql } from '../../../src/stores/mysql/store.js';
import { all, failure, textOf } from '../../../src/testing/suite/stores.js';
import { startMysql } from '../../support/mysql-server.js';
import { sqlProfile } from '../../support/sql-server.js';
import { createLaravelTables, sqlAdmin } from '../../support/sql-tables.js';

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
