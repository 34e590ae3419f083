import { expect } from 'chai';
import { copyFileSync, renameSync, rmSync } from 'node:fs';

import type { CacheEvent, EventStream } from '../../../src/stores/contract/events.js';

import { UnsupportedError } from '../../../src/errors.js';
import { failure } from '../../../src/testing/suite/stores.js';
import { lines, TailedFile } from '../../support/sqlite-tail.js';

describe('sqlite: events by polling', function () {
  this.timeout(60_000);
  let file: TailedFile;

  beforeEach(() => {
    file = new TailedFile('wal');
  });

  afterEach(async () => file.close());

  const tail = async (options = {}): Promise<EventStream> => (await file.tail({ source: 'poll', ...options })).stream;

  it('report the changes of other processes, and nothing that was there before', async () => {
    for (const key of ['there', 'gone', 'touched', 'rewritten']) file.put(key);
    const stream = await tail();
    expect(stream.source).to.match(/^polls .*only reads/);
    file.put('new', { ttl: 100 });
    file.shell.exec(`
      DELETE FROM cache WHERE key = 'app-gone';
      UPDATE cache SET expiration = expiration + 500 WHERE key = 'app-touched';
      UPDATE cache SET value = 'i:222;' WHERE key = 'app-rewritten'`);
    file.put('foreign', { prefix: 'other-' });
    const events = await firstOf(stream, 3);
    expect(lines(events)).to.have.members(['KeyWritten new', 'KeyForgotten gone', 'KeyWritten rewritten']);
    const written = events.find(({ key }) => key === 'new')!;
    expect(written.ttl).to.be.within(1, 100);
    expect(written.size).to.equal(4);
  });

  it('report locks, and who takes over one', async () => {
    const insert = file.shell.prepare('INSERT OR REPLACE INTO cache_locks VALUES (?, ?, unixepoch() + ?)');
    insert.run('app-held', 'ann', 100);
    insert.run('app-let-go', 'ann', 100);
    insert.run('app-refreshed', 'ann', 100);
    const stream = await tail();
    insert.run('app-held', 'bob', 100);
    insert.run('app-new', 'ann', 100);
    insert.run('app-refreshed', 'ann', 900);
    file.shell.exec(`DELETE FROM cache_locks WHERE key = 'app-let-go'`);
    expect(lines(await firstOf(stream, 4))).to.have.members([
      'LockReleased held',
      'LockAcquired held',
      'LockAcquired new',
      'LockReleased let-go',
    ]);
  });

  it('report an entry that expires, although its row stays and nothing is written', async () => {
    file.put('short', { ttl: 2 });
    const stream = await tail();
    expect(lines(await firstOf(stream, 1))).to.deep.equal(['KeyExpired short']);
  });

  it('leave the file as it is', async () => {
    const before = file.schema();
    const stream = await tail();
    expect(file.schema()).to.deep.equal(before);
    file.put('k');
    await firstOf(stream, 1);
    expect(file.schema()).to.deep.equal(before);
  });

  it('go on with another file at the path, and with none', async () => {
    file.put('stays');
    file.put('replaced');
    const stream = await tail();
    const other = `${file.path}.other`;
    file.shell.exec(`DELETE FROM cache WHERE key = 'app-replaced'; PRAGMA wal_checkpoint(TRUNCATE)`);
    copyFileSync(file.path, other);
    renameSync(other, file.path);
    const iterator = stream[Symbol.asyncIterator]();
    const replaced = (await iterator.next()).value as CacheEvent;
    expect(lines([replaced])).to.deep.equal(['KeyForgotten replaced']);
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${file.path}${suffix}`, { force: true });
    expect(lines([(await iterator.next()).value as CacheEvent])).to.deep.equal(['KeyForgotten stays']);
    await iterator.return?.();
  });

  it('report other prefixes on request', async () => {
    const stream = await tail({ everything: true });
    file.put('k', { prefix: 'other-' });
    const [event] = await firstOf(stream, 1);
    expect(event).to.include({ type: 'KeyWritten', key: 'other-k', isForeign: true });
  });

  it('pass all rows, page by page', async () => {
    const fill = file.shell.prepare(`
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
      INSERT INTO cache SELECT 'app-' || i, 'i:1;', unixepoch() + 600 FROM n`);
    const stream = await tail();
    fill.run();
    const events = await firstOf(stream, 2500);
    expect(new Set(events.map(({ key }) => key)).size).to.equal(2500);
  });

  it('are named if the source is wrong', async () => {
    expect(await failure(file.tail({ source: 'none' }))).to.be.instanceOf(UnsupportedError);
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
