import { expect } from 'chai';

import type { CacheEvent, EventsOptions, EventStream } from '../../../src/stores/contract/events.js';
import type { Store } from '../../../src/stores/contract/store.js';
import type { SqlServer } from '../../support/sql-server.js';

import { openCodec } from '../../../src/codecs/open.js';
import { RefusedError } from '../../../src/errors.js';
import { DRIVER, openPostgres } from '../../../src/stores/postgres/store.js';
import { failure, until } from '../../../src/testing/suite/stores.js';
import { start } from '../../support/cli.js';
import { doctor } from '../../support/doctor.js';
import { startPostgres } from '../../support/postgres-server.js';
import { sqlProfile, urlOf } from '../../support/sql-server.js';
import { createLaravelTables, type SqlAdmin, sqlAdmin } from '../../support/sql-tables.js';

const NOW = 'floor(extract(epoch from clock_timestamp()))::bigint';

describe('postgres: events from triggers', () => {
  let server: SqlServer;
  let admin: SqlAdmin;
  let store: Store;
  let ended: AbortController;
  let missed: string[];

  before(async function () {
    server = await startPostgres(this);
  });

  after(async () => server?.stop());

  beforeEach(async () => {
    const profile = sqlProfile('postgres', server, 'app-');
    admin = sqlAdmin(DRIVER, profile);
    await createLaravelTables(DRIVER, profile);
    store = openPostgres(profile, openCodec('php'), { timeoutMs: 20_000 });
    ended = new AbortController();
    missed = [];
  });

  afterEach(async () => {
    ended.abort();
    await store.close();
    await admin.run('DROP TABLE IF EXISTS cache, cache_locks');
    await admin.close();
  });

  const tail = async (options: Partial<EventsOptions> = {}): Promise<EventStream> =>
    store.events({
      signal: ended.signal,
      enable: true,
      source: 'triggers',
      onMissed: ({ text }) => missed.push(text),
      ...options,
    });

  const put = async (name: string, ttl = 600): Promise<void> => {
    await admin.run(
      `INSERT INTO cache VALUES ('app-${name}', 'i:1;', ${NOW} + ${ttl})
       ON CONFLICT (key) DO UPDATE SET value = excluded.value, expiration = excluded.expiration`,
    );
  };

  /** The objects that a tail adds to the database. */
  const added = async (): Promise<string[]> => {
    const rows = await admin.run(
      `SELECT tgname AS name FROM pg_trigger WHERE tgname LIKE 'cachectl%'
       UNION ALL SELECT proname FROM pg_proc WHERE proname LIKE 'cachectl%'`,
    );
    return rows.map(({ name }) => String(name));
  };

  /** Leave the triggers of a killed process. */
  const kill = async (): Promise<void> => {
    const url = `${urlOf('postgres', server.connection)}?prefix=app-`;
    const run = start(['events:tail', '--source', 'triggers', '--enable', '--url', url]);
    await until(async () => (await added()).length === 9);
    run.child.kill('SIGKILL');
    await run.ended;
    expect(await added()).not.to.deep.equal([]);
    // The server notices the lost connection by itself.
    await until(async () => (await admin.run(`SELECT 1 FROM pg_locks WHERE locktype = 'advisory'`)).length === 0);
  };

  it('need --enable, and add nothing without it', async () => {
    const error = await failure(tail({ enable: false }));
    expect(error).to.be.instanceOf(RefusedError);
    expect((error as RefusedError).hint)
      .to.contain('--enable')
      .and.to.contain('--source poll');
    expect(await added()).to.deep.equal([]);
  });

  it('are removed at the end, after everything was reported', async () => {
    const stream = await tail();
    expect(await added()).to.have.lengthOf(9);
    await put('k');
    ended.abort();
    expect(lines(await allOf(stream))).to.deep.equal(['KeyWritten k']);
    expect(await added()).to.deep.equal([]);
  });

  it('report what commits, not what is rolled back', async () => {
    const stream = await tail();
    await admin
      .run(`DO $$ BEGIN INSERT INTO cache VALUES ('app-lost', 'i:1;', ${NOW} + 60); RAISE 'no'; END $$`)
      .catch(() => {
        // As intended.
      });
    await put('k');
    await admin.run(`UPDATE cache SET key = 'app-renamed' WHERE key = 'app-k'`);
    await admin.run(`UPDATE cache SET key = 'other' WHERE key = 'app-renamed'`);
    expect(lines(await firstOf(stream, 4))).to.deep.equal([
      'KeyWritten k',
      'KeyForgotten k',
      'KeyWritten renamed',
      'KeyForgotten renamed',
    ]);
  });

  it('have the TTL and size of a write, and the time of the server', async () => {
    const stream = await tail();
    await put('k', 100);
    const [event] = await firstOf(stream, 1);
    expect(event!.ttl).to.be.within(1, 100);
    expect(event!.size).to.equal(4);
    expect(Math.abs(Date.now() - event!.time.getTime())).to.be.lessThan(20_000);
  });

  it('report TRUNCATE as a flush, and DELETE as deletions', async () => {
    const stream = await tail();
    await put('k');
    await put('l');
    await admin.run('DELETE FROM cache');
    await admin.run('TRUNCATE cache');
    const events = await firstOf(stream, 5);
    expect(lines(events).slice(2, 4)).to.have.members(['KeyForgotten k', 'KeyForgotten l']);
    expect(events[4]).to.include({ type: 'CacheFlushed' }).and.not.to.have.property('key');
  });

  it('report an expired row once: by itself, when it is deleted, or when it is replaced', async () => {
    const stream = await tail();
    for (const name of ['left', 'deleted', 'replaced']) await put(name, 1);
    await until(async () => (await admin.run(`SELECT 1 FROM cache WHERE expiration > ${NOW}`)).length === 0);
    await admin.run(`DELETE FROM cache WHERE key = 'app-deleted'`);
    await put('replaced');
    const events = lines(await firstOf(stream, 7));
    expect(events.slice(3)).to.have.members([
      'KeyExpired left',
      'KeyExpired deleted',
      'KeyExpired replaced',
      'KeyWritten replaced',
    ]);
    expect(events.indexOf('KeyExpired replaced')).to.be.lessThan(events.lastIndexOf('KeyWritten replaced'));
  });

  it('report nothing of rows that had expired before', async () => {
    await put('old', -5);
    const stream = await tail();
    await admin.run(`DELETE FROM cache`);
    await put('k');
    expect(lines(await firstOf(stream, 1))).to.deep.equal(['KeyWritten k']);
  });

  it('report locks, and those of a table that is created later', async () => {
    await admin.run('DROP TABLE cache_locks');
    const stream = await tail();
    for (const statement of DRIVER.dialect.definition('locks', 'cache_locks', 'cache')) {
      await admin.run(statement.texts.join(''));
    }

    const [ann, bob] = [store.lock('deploy'), store.lock('deploy')];
    await ann.acquire('ann', 60);
    const iterator = stream[Symbol.asyncIterator]();
    const next = async (): Promise<string> => lines([(await iterator.next()).value as CacheEvent])[0]!;
    expect(await next()).to.equal('LockAcquired deploy');
    await ann.refresh('ann', 600);
    await bob.acquire('bob', 60);
    await ann.release('ann');
    expect(await next()).to.equal('LockReleased deploy');
    await iterator.return?.();
  });

  it('report keys that are longer than a notification', async () => {
    await admin.run('ALTER TABLE cache ALTER COLUMN key TYPE text');
    const stream = await tail();
    // An index takes long keys if they compress well.
    const names = ['🐎', 'x'].map((character) => character.repeat(9000));
    await admin.run(
      `INSERT INTO cache VALUES ${names.map((name) => `('app-${name}', 'i:1;', ${NOW} + 60)`).join(', ')}`,
    );
    const events = await firstOf(stream, 2);
    expect(events.map(({ key }) => key)).to.deep.equal(names);
  });

  it('go on after the connection is lost, and report the gap', async () => {
    const stream = await tail();
    await admin.run(
      `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock'`,
    );
    await until(async () => missed.length > 0);
    await put('k');
    expect(lines(await firstOf(stream, 1))).to.deep.equal(['KeyWritten k']);
    ended.abort();
    await until(async () => (await added()).length === 0);
  });

  it('go on after a table is replaced, and report the gap', async () => {
    const stream = await tail();
    await admin.run('DROP TABLE cache');
    for (const statement of DRIVER.dialect.definition('cache', 'cache', '')) await admin.run(statement.texts.join(''));
    await until(async () => missed.length > 0);
    await put('k');
    expect(lines(await firstOf(stream, 1))).to.deep.equal(['KeyWritten k']);
  });

  it('say which rights are missing, and add nothing', async () => {
    await admin.run('CREATE ROLE reader LOGIN');
    await admin.run('GRANT SELECT, INSERT, UPDATE, DELETE ON cache, cache_locks TO reader');
    const profile = sqlProfile('postgres', { connection: { ...server.connection, username: 'reader' } }, 'app-');
    const poor = openPostgres(profile, openCodec('php'), { timeoutMs: 20_000 });
    const error = await failure(poor.events({ signal: ended.signal, enable: true, source: 'triggers' }));
    expect(error).to.be.instanceOf(RefusedError);
    expect((error as RefusedError).hint)
      .to.contain('TRIGGER')
      .and.to.contain('--source poll');
    await poor.close();
    expect(await added()).to.deep.equal([]);
  });

  describe('of a killed process', () => {
    it('do nothing any more, and doctor --fix removes them', async () => {
      await kill();
      await put('k');
      const url = `${server.url}?prefix=app-`;
      const { about } = await doctor(['--url', url]);
      expect(about('leftovers')).to.include({ state: 'warning' });
      await doctor(['--fix', '--yes', '--url', url]);
      expect(await added()).to.deep.equal([]);
    });

    it('are removed by the next tail, whatever its source', async () => {
      await kill();
      await tail({ source: 'poll' });
      expect(await added()).to.deep.equal([]);
    });
  });
});

async function firstOf(stream: EventStream, count: number): Promise<CacheEvent[]> {
  const events: CacheEvent[] = [];
  for await (const event of stream) {
    events.push(event);
    if (events.length === count) break;
  }

  return events;
}

async function allOf(stream: EventStream): Promise<CacheEvent[]> {
  const events: CacheEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

function lines(events: readonly CacheEvent[]): string[] {
  return events.map(({ type, key }) => `${type} ${key}`);
}
