import { expect } from 'chai';

import type { CacheEvent } from '../../../src/stores/contract/events.js';

import { string } from '../../../src/codecs/value.js';
import { UnsupportedError } from '../../../src/errors.js';
import { taggedKey } from '../../../src/stores/tags/names.js';
import { failure, until } from '../../../src/testing/suite/stores.js';
import { eventsBeforeEnd, lines, TailedFile } from '../../support/sqlite-tail.js';

/** The clock may tick between an attempt and its record. */
function rounded(ttl: CacheEvent['ttl']): CacheEvent['ttl'] {
  return ttl && Math.ceil(ttl / 10) * 10;
}

describe('sqlite: options of a tail', () => {
  let file: TailedFile;

  beforeEach(() => {
    file = new TailedFile('wal');
  });

  afterEach(async () => file.close());

  it('select a source by its name', async () => {
    const [source] = file.open().eventSources;
    expect(source).to.include({ name: 'triggers', clients: false, tags: true });
    const { stream } = await file.tail({ source: 'triggers' });
    expect(stream.types).to.deep.equal(source!.types);
    const error = await failure(file.tail({ source: 'monitor' }));
    expect(error).to.be.instanceOf(UnsupportedError);
    expect(error).to.include({
      message: 'the sqlite store has no event source named monitor',
      hint: 'It has triggers, poll.',
    });
  });

  it('filter by what is wanted, then by what matches', async () => {
    const asked: string[] = [];
    const matched: string[] = [];
    const { stream } = await file.tail({
      wants(type, key) {
        asked.push(`${type} ${key}`);
        return type === 'KeyWritten';
      },
      matches(event) {
        matched.push(...lines([event]));
        return event.key !== 'b';
      },
    });
    for (const key of ['a', 'b']) file.put(key);
    file.shell.exec('DELETE FROM cache');
    file.put('end');
    expect(lines(await eventsBeforeEnd(stream))).to.deep.equal(['KeyWritten a']);
    expect(asked).to.deep.equal(['KeyWritten a', 'KeyWritten b', 'KeyForgotten a', 'KeyForgotten b', 'KeyWritten end']);
    expect(matched).to.deep.equal(['KeyWritten a', 'KeyWritten b', 'KeyWritten end']);
    expect(stream.dropped).to.equal(0);
  });

  it('include keys under other prefixes in full with everything', async () => {
    const { stream } = await file.tail({ everything: true });
    file.put('a');
    file.put('b', { prefix: 'other-' });
    file.put('c', { prefix: '', ttl: 2 });
    file.shell.exec(`
      INSERT INTO cache_locks VALUES ('other-lock', 'ann', unixepoch() + 60);
      DELETE FROM cache_locks;
      DELETE FROM cache WHERE key = 'other-b'
    `);
    const events: Array<Partial<CacheEvent>> = [];
    for await (const { type, key, isForeign } of stream) {
      events.push({ type, key: key!, ...(isForeign && { isForeign }) });
      if (type === 'KeyExpired') break;
    }

    expect(events).to.deep.equal([
      { type: 'KeyWritten', key: 'a' },
      { type: 'KeyWritten', key: 'other-b', isForeign: true },
      { type: 'KeyWritten', key: 'c', isForeign: true },
      { type: 'LockAcquired', key: 'other-lock', isForeign: true },
      { type: 'LockReleased', key: 'other-lock', isForeign: true },
      { type: 'KeyForgotten', key: 'other-b', isForeign: true },
      { type: 'KeyExpired', key: 'c', isForeign: true },
    ]);
  });

  it('include tags, also of removed entries, from the first tagged entry of a file on', async () => {
    const { stream } = await file.tail({ tags: true });
    const store = file.open();
    // The table of tags is created with the first tag.
    await store.tags(['people', 'team']).put('Ann', string('v'), 60);
    const events = stream[Symbol.asyncIterator]();
    const first = (await events.next()).value as CacheEvent;
    expect(first).to.deep.include({ type: 'KeyWritten', key: taggedKey(['people', 'team'], 'Ann') });
    expect(first.tags).to.deep.equal(['people', 'team']);
    await store.tags(['people']).flush({ dryRun: false });
    await store.put('plain', string('v'), 60);
    await store.lock('deploy').acquire('ann', 60);
    const rest = [await events.next(), await events.next(), await events.next()].map(
      ({ value }) => value as CacheEvent,
    );
    expect(rest.map(({ type, tags }) => ({ type, tags }))).to.deep.equal([
      { type: 'KeyForgotten', tags: ['people', 'team'] },
      { type: 'KeyWritten', tags: [] },
      { type: 'LockAcquired', tags: undefined },
    ]);
  });

  it('do not break the application if the tag table is dropped', async () => {
    await file.open().tags(['people']).put('Ann', string('v'), 60);
    const { stream, end } = await file.tail({ tags: true });
    file.shell.exec('DROP TABLE cachectl_tags');
    const reading = eventsBeforeEnd(stream);
    await until(() => {
      const triggers = file.schema().filter((row) => JSON.stringify(row).includes('_cache_delete'));
      return !JSON.stringify(triggers).includes('cachectl_tags');
    });
    file.shell.exec('DELETE FROM cache');
    file.put('end');
    expect((await reading).map(({ type, tags }) => ({ type, tags }))).to.deep.equal([
      { type: 'KeyForgotten', tags: [] },
    ]);
    end();
  });

  it('report no new TTL of an existing entry', async () => {
    const store = file.open();
    await store.put('a', string('v'), 60);
    const { stream } = await file.tail();
    await store.touch('a', 600);
    file.put('end');
    expect(await eventsBeforeEnd(stream)).to.deep.equal([]);
  });

  it('report an expiry if a past TTL is set', async () => {
    file.put('a');
    file.put('b');
    const { stream } = await file.tail();
    file.shell.exec(`
      UPDATE cache SET expiration = 1 WHERE key = 'app-a';
      UPDATE cache SET value = 'i:2;', expiration = 1 WHERE key = 'app-b';
      INSERT INTO cache VALUES ('app-c', 'i:1;', 1);
      DELETE FROM cache;
    `);
    file.put('end');
    expect(lines(await eventsBeforeEnd(stream))).to.deep.equal([
      'KeyExpired a',
      'KeyWritten b',
      'KeyExpired b',
      'KeyWritten c',
      'KeyExpired c',
    ]);
  });

  it('ignore odd rows, and continue', async () => {
    file.shell.exec('DROP TABLE cache; CREATE TABLE cache (key varchar primary key, value, expiration)');
    const { stream } = await file.tail({ everything: true, tags: true });
    file.shell.exec(`
      INSERT INTO cache VALUES (NULL, 'v', 1);
      INSERT INTO cache VALUES ('app-a', NULL, NULL);
      INSERT INTO cache VALUES (X'ff00', X'ff', 'soon');
      DELETE FROM cache;
    `);
    file.put('end');
    expect(lines(await eventsBeforeEnd(stream))).to.deep.equal([]);
  });
});

describe('sqlite: locks in a tail', () => {
  let file: TailedFile;

  beforeEach(() => {
    file = new TailedFile('wal');
  });

  afterEach(async () => file.close());

  it('are acquired, contended, silently refreshed, and released', async () => {
    const { stream } = await file.tail();
    const lock = file.open().lock('deploy');
    const other = file.open().lock('deploy');
    await lock.acquire('ann', 60);
    await other.acquire('bob', 60);
    await lock.refresh('ann', 600);
    await lock.release('bob');
    await lock.release('ann');
    await other.acquire('bob', null);
    await lock.forceRelease();
    file.put('end');
    expect(
      (await eventsBeforeEnd(stream)).map(({ type, key, ttl }) => ({ type, key, ttl: rounded(ttl) })),
    ).to.deep.equal([
      { type: 'LockAcquired', key: 'deploy', ttl: 60 },
      { type: 'LockContended', key: 'deploy', ttl: undefined },
      { type: 'LockReleased', key: 'deploy', ttl: undefined },
      { type: 'LockAcquired', key: 'deploy', ttl: null },
      { type: 'LockReleased', key: 'deploy', ttl: undefined },
    ]);
  });

  it('expire without being touched, and are acquired again', async () => {
    const { stream } = await file.tail();
    const lock = file.open().lock('deploy');
    await lock.acquire('ann', 1);
    await until(async () => lock.acquire('bob', 60));
    file.put('end');
    const reported = lines(await eventsBeforeEnd(stream)).filter((line) => !line.startsWith('LockContended'));
    expect(reported).to.deep.equal(['LockAcquired deploy', 'KeyExpired deploy', 'LockAcquired deploy']);
  });

  it('are reported from the first one on in a file without their table, which is not created', async () => {
    file.shell.exec('DROP TABLE cache_locks');
    const schema = file.schema();
    const first = await file.tail();
    first.end();
    expect(file.schema()).to.deep.equal(schema);
    const { stream } = await file.tail();
    await file.open().lock('deploy').acquire('ann', 60);
    const events = stream[Symbol.asyncIterator]();
    expect((await events.next()).value).to.include({ type: 'LockAcquired', key: 'deploy' });
    await file.open().lock('deploy').release('ann');
    expect((await events.next()).value).to.include({ type: 'LockReleased', key: 'deploy' });
  });
});
