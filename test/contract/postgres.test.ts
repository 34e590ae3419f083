import { isUtf8 } from 'node:buffer';

import type { SqlServer } from '../support/sql-server.js';

import { openCodec } from '../../src/codecs/open.js';
import { DRIVER, openPostgres } from '../../src/stores/postgres/store.js';
import { ABILITIES } from '../../src/testing/harness.js';
import { describeStore } from '../../src/testing/suite.js';
import { startPostgres } from '../support/postgres-server.js';
import { sqlProfile } from '../support/sql-server.js';
import { createLaravelTables, createOwnTables } from '../support/sql-tables.js';

let server: SqlServer;

describeStore('postgres', {
  traits: { listingPlaces: true, ttls: true, countsTagged: true, lockStorage: 'separate' },

  has: ABILITIES,

  eventSources: [
    {
      name: 'poll',
      types: ['KeyWritten', 'KeyForgotten', 'KeyExpired', 'LockAcquired', 'LockReleased'],
      clients: false,
      tags: false,
    },
    {
      name: 'triggers',
      types: ['KeyWritten', 'KeyForgotten', 'KeyExpired', 'LockAcquired', 'LockReleased', 'CacheFlushed'],
      clients: false,
      tags: false,
    },
  ],

  polledSources: ['poll'],

  keyCharacters: 255,

  // Laravel stores values with a NUL as base64.
  holds: (stored) => stored.includes(0) || isUtf8(stored),

  async before(context) {
    server = await startPostgres(context);
    const profile = sqlProfile('postgres', server, '');
    await createLaravelTables(DRIVER, profile);
    await createOwnTables(DRIVER, profile);
  },

  async after() {
    await server?.stop();
  },

  async open({ prefix }) {
    return openPostgres(sqlProfile('postgres', server, prefix), openCodec('php'), { timeoutMs: 20_000 });
  },

  profile: ({ prefix }) => sqlProfile('postgres', server, prefix),
});
