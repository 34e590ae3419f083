import { expect } from 'chai';

import { openCodec } from '../../../src/codecs/open.js';
import { openSqlStore } from '../../../src/stores/sql/store.js';
import { SQL_CASES } from '../../support/sql-cases.js';
import { sqlProfile } from '../../support/sql-server.js';
import { createLaravelTables, sqlAdmin } from '../../support/sql-tables.js';

for (const { driver, sql, start } of SQL_CASES) {
  it(`${driver}: pages count TTLs from the second in which the server compared expirations with its clock`, async function () {
    const server = await start(this);
    const profile = sqlProfile(driver, server, 'app-');
    await createLaravelTables(sql, profile);
    const store = openSqlStore(sql, profile, openCodec('php'), { timeoutMs: 20_000 });
    await store.put('key', { type: 'null' }, 3600);
    const admin = sqlAdmin(sql, profile);
    const [row] = await admin.run('SELECT expiration FROM cache');
    for await (const { readAt, 0: entry } of store.entries!({ contents: true })) {
      expect(readAt! / 1000 + entry!.ttl!).to.equal(row!.expiration);
    }

    await Promise.all([store.close(), admin.close()]);
    await server.stop();
  });
}
