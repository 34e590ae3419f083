import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { SqliteProfile } from '../../src/profiles/profile.js';
import type { EventType } from '../../src/stores/contract/events.js';
import type { StoreOptions } from '../../src/testing/harness.js';

import { openCodec } from '../../src/codecs/open.js';
import { openSqlite } from '../../src/stores/sqlite/store.js';
import { ABILITIES } from '../../src/testing/harness.js';
import { describeStore } from '../../src/testing/suite.js';

const EVENTS: readonly EventType[] = [
  'KeyWritten',
  'KeyForgotten',
  'KeyExpired',
  'LockAcquired',
  'LockContended',
  'LockReleased',
];

let folder: string;

function profile({ prefix }: StoreOptions): SqliteProfile {
  return {
    driver: 'sqlite',
    name: 'test',
    prefix,
    codec: 'php',
    protected: false,
    path: join(folder, 'cache.sqlite'),
    table: 'cache',
    lockTable: 'cache_locks',
  };
}

describeStore('sqlite', {
  traits: { listingPlaces: true, ttls: true, countsTagged: true, lockStorage: 'separate' },

  has: ABILITIES,

  eventSources: [
    { name: 'triggers', types: EVENTS, clients: false, tags: true },
    { name: 'poll', types: EVENTS.filter((type) => type !== 'LockContended'), clients: false, tags: false },
  ],

  polledSources: ['poll'],

  async before() {
    folder = await mkdtemp(join(tmpdir(), 'cachectl-sqlite-'));
  },

  async after() {
    await rm(folder, { recursive: true });
  },

  async open(options) {
    return openSqlite(profile(options), openCodec('php'), { timeoutMs: 60_000 });
  },

  profile,
});
