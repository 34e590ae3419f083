import { expect } from 'chai';

import type { EventSource, EventType } from '../../stores/contract/events.js';

import { string } from '../../codecs/value.js';
import { UnsupportedError } from '../../errors.js';
import { EVENT_TYPES } from '../../stores/contract/events.js';
import { describeEventOptions } from './events-options.js';
import { eventsUntil, type Feeds, reportedTypes, StepReader } from './feeds.js';
import { all, failure, type Stores } from './stores.js';

export function describeEvents(stores: Stores, declared: readonly EventSource[]): void {
  const { testedSources } = stores.harness;
  describe('sources of events', () => {
    it('have unique names and known types', () => {
      const names = declared.map(({ name }) => name);
      expect(new Set(names).size).to.equal(names.length);
      for (const { name, types } of declared) {
        expect(name).to.match(/^[a-z][\da-z-]*$/);
        expect(types).not.to.be.empty;
        expect(EVENT_TYPES).to.include.members([...types]);
      }
    });

    it('refuse a source that is not declared', async () => {
      const store = await stores.fresh();
      const options = { signal: new AbortController().signal, enable: true, source: 'none of them' };
      expect(await failure(store.events(options))).to.be.instanceOf(UnsupportedError);
    });
  });

  for (const source of declared) {
    if (testedSources === undefined || testedSources.includes(source.name)) describeSource(stores, source);
  }
}

function describeSource(stores: Stores, source: EventSource): void {
  describe(`events from ${source.name}`, () => {
    const controllers: AbortController[] = [];
    const feeds: Feeds = {
      stores,
      source,
      isPolled: stores.harness.polledSources?.includes(source.name) === true,
      async tail(store, options) {
        const controller = new AbortController();
        controllers.push(controller);
        const { signal } = controller;
        const stream = await store.events({ signal, enable: true, source: source.name, ...options });
        return { stream, controller };
      },
    };

    afterEach(() => {
      for (const controller of controllers.splice(0)) controller.abort();
    });

    describeReports(feeds);
    describeEventOptions(feeds);
    describeEnds(feeds);
  });
}

function describeReports(feeds: Feeds): void {
  const { stores, source, isPolled, tail } = feeds;
  const reports = (type: EventType): boolean => source.types.includes(type);

  it('report a write by another client', async () => {
    const store = await stores.fresh();
    const other = await stores.second(store);
    const { stream } = await tail(store);
    await other.put('before', string('v'), 60);
    await other.put('user:1🐎', string('Ann'), 60);
    const size = (await other.get('user:1🐎'))!.stored.length;
    const events = await eventsUntil(stream, 'user:1🐎', 'KeyWritten');
    expect(events.map(({ type }) => type)).to.deep.equal(['KeyWritten']);
    const [written] = events;
    expect(Math.abs(Date.now() - written!.time.getTime())).to.be.lessThan(20_000);
    expect(written).not.to.have.property('isForeign');
    if (written?.ttl !== undefined) expect(written.ttl).to.be.within(30, 60);
    if (written?.size !== undefined) expect(written.size).to.equal(size);
    if (!source.clients) expect(written).not.to.have.property('client');
  });

  if (reports('KeyForgotten')) {
    it('report a deletion by another client', async () => {
      const store = await stores.fresh();
      const other = await stores.second(store);
      const { stream } = await tail(store);
      const reader = new StepReader(stream, feeds);
      await other.put('k', string('v'), 60);
      await reader.step('k', 'KeyWritten');
      await other.forget(['k']);
      const expected = reportedTypes(stream, ['KeyWritten', 'KeyForgotten']);
      const events = (await reader.until('k', expected.at(-1)!)).filter(({ type }) => type.startsWith('Key'));
      expect(events.map(({ type }) => type)).to.deep.equal(expected);
    });
  }

  if (reports('KeyExpired')) {
    it('report an expiry without any lookup', async () => {
      const store = await stores.fresh();
      const { stream } = await tail(store);
      const other = await stores.second(store);
      const reader = new StepReader(stream, feeds);
      await other.put('short', string('v'), isPolled ? 60 : 1);
      await reader.step('short', 'KeyWritten');
      if (isPolled) await other.touch('short', 1);
      const expected = reportedTypes(stream, ['KeyWritten', 'KeyExpired']);
      const events = await reader.until('short', expected.at(-1)!);
      expect(events.map(({ type }) => type)).to.deep.equal(expected);
    });
  }

  if (reports('CacheHit') && reports('CacheMissed')) {
    it('report a hit and a miss of another client, but no lookup inside a write', async () => {
      const store = await stores.fresh();
      const other = await stores.second(store);
      const { stream } = await tail(store);
      await other.get('k');
      await other.put('k', string('v'), 60);
      await other.put('k', string('w'), 60);
      await other.get('k');
      const expected = reportedTypes(stream, ['CacheMissed', 'KeyWritten', 'KeyWritten', 'CacheHit']);
      const events = await eventsUntil(stream, 'k', expected.at(-1)!);
      expect(events.map(({ type }) => type)).to.deep.equal(expected);
    });
  }

  it('report add, increment, pull and bulk writes', async () => {
    const store = await stores.fresh();
    const other = await stores.second(store);
    const { stream } = await tail(store);
    const missing = new Set(['KeyWritten added', 'KeyWritten counted', 'KeyWritten bulk']);
    const reportsPulls = stream.types.includes('KeyForgotten') && stores.harness.reportsPulls !== false;
    if (reportsPulls) missing.add('KeyForgotten added');
    await other.add('added', string('v'), 60);
    await other.increment('counted', 1n);
    await other.putMany([{ key: 'bulk', value: string('v'), ttl: null }]);
    if (!isPolled) await other.pull('added');
    // Servers of a pool report at their own pace.
    for await (const { type, key } of stream) {
      missing.delete(`${type} ${key}`);
      if (isPolled && type === 'KeyWritten' && key === 'added') await other.pull('added');
      if (missing.size === 0) break;
    }

    expect([...missing]).to.deep.equal([]);
  });

  it('report no write if only the TTL changes', async () => {
    const store = await stores.fresh();
    const other = await stores.second(store);
    await other.put('k', string('v'), 60);
    const { stream } = await tail(store);
    await other.touch('k', 600);
    await other.put('k', string('w'), 60);
    await other.put('end', string('w'), 60);
    const writes: string[] = [];
    for await (const { type, key } of stream) {
      if (type === 'KeyWritten') writes.push(key!);
      if (writes.includes('k') && writes.includes('end')) break;
    }

    expect(writes.toSorted()).to.deep.equal(['end', 'k']);
  });

  it('report nothing under other prefixes', async () => {
    const store = await stores.fresh();
    const stranger = await stores.fresh();
    const { stream } = await tail(store);
    await stranger.put('secret', string('v'), 60);
    await stranger.forget(['secret']);
    await store.put('end', string('v'), 60);
    const { value } = await stream[Symbol.asyncIterator]().next();
    expect(value?.key).to.equal('end');
  });

  it('have a described source and declared types only', async () => {
    const store = await stores.fresh();
    const { stream } = await tail(store);
    expect(stream.source).to.match(/^\S[^\n]+$/);
    expect(stream.types).not.to.be.empty;
    expect(source.types).to.include.members([...stream.types]);
  });
}

function describeEnds({ stores, tail }: Feeds): void {
  it('end on the signal', async () => {
    const store = await stores.fresh();
    const { stream, controller } = await tail(store);
    const events = all(stream);
    await store.put('k', string('v'), 60);
    controller.abort();
    expect((await events).every(({ key }) => key === 'k')).to.be.true;
  });

  it('end when the reader leaves, and can be opened again', async () => {
    const store = await stores.fresh();
    const { stream } = await tail(store);
    await store.put('k', string('v'), 60);
    await eventsUntil(stream, 'k', 'KeyWritten');
    const { stream: another } = await tail(store);
    await store.put('l', string('v'), 60);
    expect(await eventsUntil(another, 'l', 'KeyWritten')).to.have.lengthOf(1);
  });

  it('end when the store is closed', async () => {
    const store = await stores.fresh();
    const { stream } = await tail(store);
    const events = all(stream);
    await store.close();
    expect(await events).to.deep.equal([]);
  });

  it('reach every open stream', async () => {
    const store = await stores.fresh();
    const [first, second] = [await tail(store), await tail(await stores.second(store))];
    await store.put('k', string('v'), 60);
    const types = await Promise.all(
      [first, second].map(async ({ stream }) => (await eventsUntil(stream, 'k', 'KeyWritten')).map(({ type }) => type)),
    );
    expect(types).to.deep.equal([['KeyWritten'], ['KeyWritten']]);
  });
}
