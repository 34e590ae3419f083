import { expect } from 'chai';

import type { CacheEvent, EventsOptions, EventStream } from '../../../src/stores/contract/events.js';

import { string } from '../../../src/codecs/value.js';
import { UnsupportedError } from '../../../src/errors.js';
import { DroppingQueue } from '../../../src/stores/events/queue.js';
import { taggedKey } from '../../../src/stores/tags/names.js';
import { all, failure, until } from '../../../src/testing/suite/stores.js';
import { hasMongodb } from '../../support/mongodb-server.js';
import { inSeconds, PREFIX, withDatabase } from '../../support/mongodb/database.js';

const VALUE = 's:5:"hello";';

/** mongo-java-server reports only the id of a replaced document. */
const REWRITTEN = hasMongodb() ? { ttl: 600, size: 4 } : {};

/** Without what differs from run to run. */
function plain({ time, ttl, ...event }: CacheEvent): object {
  expect(time).to.be.instanceOf(Date);
  return { ...event, ...(ttl !== undefined && { ttl: ttl === null ? null : Math.ceil(ttl / 10) * 10 }) };
}

/** All events up to those of the entry and the lock named `end`, which arrive on separate streams. */
async function eventsBeforeEnd(stream: EventStream): Promise<CacheEvent[]> {
  const events: CacheEvent[] = [];
  const ends = new Set(['KeyWritten', 'LockAcquired']);
  for await (const event of stream) {
    if (event.key !== 'end') events.push(event);
    else if (ends.delete(event.type) && ends.size === 0) break;
  }

  return events;
}

describe('events of MongoDB from change streams', () => {
  const database = withDatabase();
  let controller: AbortController;

  beforeEach(() => {
    controller = new AbortController();
  });

  afterEach(() => controller.abort());

  async function tail(options: Partial<EventsOptions> = {}): Promise<EventStream> {
    return database.open().events({ signal: controller.signal, enable: false, ...options });
  }

  /** Entries and locks as another client of MongoDB writes them. */
  async function insert(key: string, more: object = {}): Promise<void> {
    await database.entries().insertOne({ _id: `${PREFIX}${key}`, value: VALUE, expires_at: inSeconds(60), ...more });
  }

  async function lock(name: string, seconds = 60): Promise<void> {
    const taken = { $set: { owner: 'ann', expires_at: inSeconds(seconds) } };
    await database.locks().updateOne({ _id: `${PREFIX}${name}` }, taken, { upsert: true });
  }

  async function end(): Promise<void> {
    await insert('end');
    await lock('end');
  }

  it('report a scripted session exactly', async () => {
    await insert('there');
    const stream = await tail();
    await insert('a');
    await database.entries().replaceOne({ _id: `${PREFIX}a` }, { value: 'i:1;', expires_at: inSeconds(600) });
    await lock('deploy', 120);
    await insert('b', { value: 42, expires_at: inSeconds(315_360_000) });
    await database
      .entries()
      .updateOne({ _id: `${PREFIX}c` }, { $set: { value: VALUE, expires_at: inSeconds(60) } }, { upsert: true });
    await database.entries().updateOne({ _id: `${PREFIX}c` }, { $set: { expires_at: inSeconds(900) } });
    await database.entries().findOne({ _id: `${PREFIX}c` });
    await database.entries().deleteOne({ _id: `${PREFIX}nothing` });
    await database.entries().deleteOne({ _id: `${PREFIX}a` });
    await insert('a');
    await database.locks().updateOne({ _id: `${PREFIX}deploy` }, { $set: { expires_at: inSeconds(900) } });
    await database.locks().deleteOne({ _id: `${PREFIX}deploy`, owner: 'ann' });
    await lock('deploy', 60);
    await insert('stranger', { _id: 'another-prefix' });
    await database.server().client.db(database.name).collection('others').insertOne({ value: VALUE });
    await database.entries().insertOne({ value: VALUE } as never);
    await database.entries().deleteMany({ _id: { $in: [`${PREFIX}there`] } });
    await end();
    const events = await eventsBeforeEnd(stream);
    // Changes of one collection are in order.
    expect(events.filter(({ type }) => type.startsWith('Key')).map((event) => plain(event))).to.deep.equal([
      { type: 'KeyWritten', key: 'a', ttl: 60, size: 12 },
      { type: 'KeyWritten', key: 'a', ...REWRITTEN },
      { type: 'KeyWritten', key: 'b', ttl: null, size: 2 },
      { type: 'KeyWritten', key: 'c', ttl: 60, size: 12 },
      { type: 'KeyForgotten', key: 'a' },
      { type: 'KeyWritten', key: 'a', ttl: 60, size: 12 },
      { type: 'KeyForgotten', key: 'there' },
    ]);
    expect(events.filter(({ type }) => !type.startsWith('Key')).map((event) => plain(event))).to.deep.equal([
      { type: 'LockAcquired', key: 'deploy', ttl: 120 },
      { type: 'LockReleased', key: 'deploy' },
      { type: 'LockAcquired', key: 'deploy', ttl: 60 },
    ]);
  });

  it('come from the named source', async () => {
    const stream = await tail({ source: 'stream' });
    expect(stream.source).to.match(/^change streams of cache and cache_locks: /);
    const error = await failure(tail({ source: 'monitor' }));
    expect(error).to.be.instanceOf(UnsupportedError);
    expect(error).to.include({ hint: 'It has stream, poll.' });
  });

  it('are made only if wanted, and queued only if they match', async () => {
    const asked: string[] = [];
    const matched: string[] = [];
    const stream = await tail({
      wants(type, key) {
        asked.push(`${type} ${key}`);
        return type === 'KeyWritten' || key === 'end';
      },
      matches({ type, key }) {
        if (type.startsWith('Key')) matched.push(`${type} ${key}`);
        return key !== 'b';
      },
    });
    for (const key of ['a', 'b']) await insert(key);
    await database.entries().deleteOne({ _id: `${PREFIX}a` });
    await end();
    expect((await eventsBeforeEnd(stream)).map(({ type, key }) => `${type} ${key}`)).to.deep.equal(['KeyWritten a']);
    expect(asked.filter((line) => !line.startsWith('Lock'))).to.deep.equal([
      'KeyWritten a',
      'KeyWritten b',
      'KeyForgotten a',
      'KeyWritten end',
    ]);
    expect(matched).to.deep.equal(['KeyWritten a', 'KeyWritten b', 'KeyWritten end']);
    expect(stream.dropped).to.equal(0);
  });

  it('include keys under other prefixes in full with everything', async () => {
    const stream = await tail({ everything: true, tags: true });
    await insert('k', { _id: 'other-k', tags: ['other-people', 7] });
    await database.locks().insertOne({ _id: 'other-lock', owner: 'ann', expires_at: inSeconds(60) });
    await end();
    const events = await eventsBeforeEnd(stream);
    expect(events.map((event) => plain(event))).to.have.deep.members([
      { type: 'KeyWritten', key: 'other-k', isForeign: true, ttl: 60, size: 12, tags: ['other-people'] },
      { type: 'LockAcquired', key: 'other-lock', isForeign: true, ttl: 60 },
    ]);
  });

  it('have the tags of writes on request', async () => {
    const [asked, unasked] = [await tail({ tags: true }), await tail()];
    const store = database.open();
    await store.tags(['people', 'team']).put('Ann', string('v'), 60);
    await store.put('plain', string('v'), 60);
    await store.tags(['team']).flush({ dryRun: false });
    await end();
    const key = taggedKey(['people', 'team'], 'Ann');
    expect((await eventsBeforeEnd(asked)).map(({ type, key: of, tags }) => ({ type, of, tags }))).to.deep.equal([
      { type: 'KeyWritten', of: key, tags: ['people', 'team'] },
      { type: 'KeyWritten', of: 'plain', tags: [] },
      { type: 'KeyForgotten', of: key, tags: undefined },
    ]);
    for (const event of await eventsBeforeEnd(unasked)) expect(event).not.to.have.property('tags');
  });

  it('report a flush if the collection is dropped, and continue with the next one', async () => {
    await insert('a');
    const stream = await tail();
    await database.entries().drop();
    await insert('b');
    await end();
    expect((await eventsBeforeEnd(stream)).map(({ time, ...event }) => plain({ time, ...event }))).to.deep.equal([
      { type: 'CacheFlushed' },
      { type: 'KeyWritten', key: 'b', ttl: 60, size: 12 },
    ]);
  });

  it('leave nothing in the server, however they end', async () => {
    const admin = database.server().client.db('admin');
    const cursors = async (): Promise<number> => {
      const { metrics } = await admin.command({ serverStatus: 1 });
      return Number(metrics.cursor.open.total);
    };

    // Those of earlier tails.
    await until(async () => (await cursors()) === 0);
    const [stopped, broken] = [await tail(), await tail()];
    expect(await cursors()).to.equal(4);
    const events = all(stopped);
    await insert('a');
    for await (const { key } of broken) if (key === 'a') break;
    // A pending request keeps a closed cursor open until it is answered.
    await until(async () => (await cursors()) === 2);
    controller.abort();
    await events;
    await until(async () => (await cursors()) === 0);
  });

  it('are dropped and counted if the consumer does not read them', async () => {
    const room = roomOfAQueue();
    const more = 500;
    const stream = await tail();
    for (let from = 0; from < room + more; from += 10_000) {
      const length = Math.min(10_000, room + more - from);
      const documents = Array.from({ length }, (_, index) => ({ _id: `${PREFIX}${from + index}`, value: 'N;' }));
      await database.entries().insertMany(documents);
    }

    await until(() => stream.dropped === more);
    controller.abort();
    const events = await all(stream);
    expect(events).to.have.lengthOf(room);
    expect(events.at(-1)?.key).to.equal(String(room - 1));
  }).timeout(120_000);
});

/** The capacity of an event queue. */
function roomOfAQueue(): number {
  const queue = new DroppingQueue<number>();
  let room = 0;
  for (queue.push(room); queue.dropped === 0; room++) queue.push(room);
  return room;
}
