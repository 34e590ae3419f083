import { expect } from 'chai';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { Database } from '../support/database.js';
import { describeCounters, describeEntries, describeThousands, describeValues } from '../support/php-exchange.js';
import { describeLocks } from '../support/php-locks.js';
import { type PhpPeer, startPhpPeer } from '../support/php-peer.js';
import { oursAt, type Shared, type Traits } from '../support/php-shared.js';
import { SHARED_VALUES } from '../support/php-values.js';

const FIXTURE = fileURLToPath(new URL('../fixtures/laravel12.sqlite', import.meta.url));
const PREFIX = 'shop-cache-';

/** Laravel reads and then writes in a transaction, which SQLite refuses after a write in between. */
const TRAITS: Traits = { bareNumbers: false, countsFromNothing: false, countsInOneStep: false, endlessLock: 86_400 };

/** Ten years, less the time of a test. */
const FOREVER = 315_000_000;

describe('the database of a Laravel application', () => {
  let folder: string;
  let database: Database;
  let php: PhpPeer;
  let shared: Shared;

  before(async function () {
    php = startPhpPeer(this, 'pdo_sqlite', 'Illuminate/Database');
    folder = mkdtempSync(path.join(tmpdir(), 'cachectl-laravel-'));
    const file = path.join(folder, 'database.sqlite');
    // Its tables are those of Laravel's migration.
    copyFileSync(FIXTURE, file);
    database = new Database(file);
    const theirs = php.cache({ store: 'database', path: file, prefix: PREFIX });
    shared = { php, theirs, ...(await oursAt({ url: `sqlite://${file}?prefix=${PREFIX}` })), raw, ttl };
  });

  beforeEach(() => {
    database.exec('DELETE FROM cache; DELETE FROM cache_locks');
  });

  after(async () => {
    await shared?.ours.close();
    database?.close();
    if (folder) rmSync(folder, { recursive: true });
    await php?.stop();
  });

  async function raw(key: string): Promise<string | undefined> {
    const row = database.prepare('SELECT typeof(value) AS type, CAST(value AS BLOB) AS value FROM cache WHERE key = ?');
    const { type, value } = row.get(PREFIX + key) as { type: string; value: Buffer };
    return `${type} ${value.toString('latin1')}`;
  }

  async function ttl(key: string): Promise<null | number> {
    const both = 'SELECT key, expiration FROM cache UNION ALL SELECT key, expiration FROM cache_locks';
    const row = database.prepare(`SELECT expiration - unixepoch() AS ttl FROM (${both}) WHERE key = ?`);
    const { ttl: seconds } = row.get(PREFIX + key) as { ttl: number };
    return seconds > FOREVER ? null : seconds;
  }

  describe('values', () => {
    describeValues(
      () => shared,
      TRAITS,
      SHARED_VALUES.filter(({ json }) => !json.startsWith('{"$base64"')),
    );
  });

  describe('thousands of values', () => {
    describeThousands(
      () => shared,
      (bytes) => !bytes.includes(0),
    );
  });

  it('reads a raw zero byte of Laravel 8, where current Laravel stores base64', async () => {
    const { theirs, run } = shared;
    const value = await php.evaluate(String.raw`"\x00\xff\xfebin"`);
    await theirs.put('binary', value, 60);
    expect(await raw('binary')).to.equal(`text ${value.toString('latin1')}`);
    expect((await run(['get', 'binary', '--no-newline'])).outBytes).to.deep.equal(Buffer.from('00fffe62696e', 'hex'));
  });

  describe('entries', () => describeEntries(() => shared));

  describe('counters', () => describeCounters(() => shared, TRAITS));

  describe('locks', () => describeLocks(() => shared, TRAITS));
});
