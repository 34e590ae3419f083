import { isUtf8 } from 'node:buffer';

import type { SqlServer } from '../support/sql-server.js';

import { openCodec } from '../../src/codecs/open.js';
import { DRIVER, openMysql } from '../../src/stores/mysql/store.js';
import { ABILITIES } from '../../src/testing/harness.js';
import { describeStore } from '../../src/testing/suite.js';
import { startMysql } from '../support/mysql-server.js';
import { sqlProfile } from '../support/sql-server.js';
import { createLaravelTables, createOwnTables, sqlAdmin } from '../support/sql-tables.js';

let server: SqlServer;

// With a collation that distinguishes all keys. test/stores/mysql/collation.test.ts covers the others.
describeStore('mysql', {
  traits: { listingPlaces: true, ttls: true, countsTagged: true, lockStorage: 'separate' },

  has: ABILITIES,

  eventSources: [
    {
      name: 'poll',
      types: ['KeyWritten', 'KeyForgotten', 'KeyExpired', 'LockAcquired', 'LockReleased'],
      clients: false,
      tags: false,
    },
  ],

  polledSources: ['poll'],

  keyCharacters: 255,

  holds: (stored) => isUtf8(stored),

  async before(context) {
    server = await startMysql(context);
    const profile = sqlProfile('mysql', server, '');
    await createLaravelTables(DRIVER, profile);
    const admin = sqlAdmin(DRIVER, profile);
    for (const table of ['cache', 'cache_locks']) {
      await admin.run(`ALTER TABLE ${table} CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`);
    }

    await admin.close();
    await createOwnTables(DRIVER, profile);
  },

  async after() {
    await server?.stop();
  },

  async open({ prefix }) {
    return openMysql(sqlProfile('mysql', server, prefix), openCodec('php'), { timeoutMs: 20_000 });
  },

  profile: ({ prefix }) => sqlProfile('mysql', server, prefix),
});
