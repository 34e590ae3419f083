import { expect } from 'chai';

import type { Store } from '../../stores/contract.js';
import type { CacheEvent, EventStream, EventType } from '../../stores/event-contract.js';

import { string } from '../../codecs/value.js';
import { EVENT_TYPES } from '../../stores/event-contract.js';
import { all, type Stores } from './stores.js';

/** Reads of a stream what concerns `key`, until the event named has come; then the stream is ended. */
async function heard(stream: EventStream, key: string, last: EventType): Promise<CacheEvent[]> {
  const events: CacheEvent[] = [];
  for await (const event of stream) {
    if (event.key !== key) continue;
    events.push(event);
    if (event.type === last) break;
  }

  return events;
}

export function describeEvents(stores: Stores): void {
  const tells = (type: EventType): boolean => stores.harness.capabilities.events.includes(type);
  describe('events', () => {
    const controllers: AbortController[] = [];

    async function tail(store: Store): Promise<{ stream: EventStream; controller: AbortController }> {
      const controller = new AbortController();
      controllers.push(controller);
      return { stream: await store.events({ signal: controller.signal, enable: true }), controller };
    }

    afterEach(() => {
      for (const controller of controllers.splice(0)) controller.abort();
    });

    it('tell a write by another client', async () => {
      const store = await stores.fresh();
      const other = await stores.second(store);
      const { stream } = await tail(store);
      await other.put('before', string('v'), 60);
      await other.put('user:1🐎', string('Ann'), 60);
      const size = (await other.get('user:1🐎'))!.stored.length;
      const events = await heard(stream, 'user:1🐎', 'KeyWritten');
      expect(events.map(({ type }) => type)).to.deep.equal(['KeyWritten']);
      const [written] = events;
      expect(Math.abs(Date.now() - written!.time.getTime())).to.be.lessThan(20_000);
      if (written?.ttl !== undefined) expect(written.ttl).to.be.within(55, 60);
      if (written?.size !== undefined) expect(written.size).to.equal(size);
    });

    if (tells('KeyForgotten')) {
      it('tell a deletion by another client', async () => {
        const store = await stores.fresh();
        const other = await stores.second(store);
        const { stream } = await tail(store);
        await other.put('k', string('v'), 60);
        await other.forget(['k']);
        const events = (await heard(stream, 'k', 'KeyForgotten')).filter(({ type }) => type.startsWith('Key'));
        expect(events.map(({ type }) => type)).to.deep.equal(['KeyWritten', 'KeyForgotten']);
      });
    }

    if (tells('KeyExpired')) {
      it('tell what expires, while nobody asks for it', async () => {
        const store = await stores.fresh();
        const { stream } = await tail(store);
        await (await stores.second(store)).put('short', string('v'), 1);
        const events = await heard(stream, 'short', 'KeyExpired');
        expect(events.map(({ type }) => type)).to.deep.equal(['KeyWritten', 'KeyExpired']);
      });
    }

    if (tells('CacheHit') && tells('CacheMissed')) {
      it('tell a hit and a miss of another client, and no lookup that a write makes for itself', async () => {
        const store = await stores.fresh();
        const other = await stores.second(store);
        const { stream } = await tail(store);
        await other.get('k');
        await other.put('k', string('v'), 60);
        await other.put('k', string('w'), 60);
        await other.get('k');
        const events = await heard(stream, 'k', 'CacheHit');
        expect(events.map(({ type }) => type)).to.deep.equal(['CacheMissed', 'KeyWritten', 'KeyWritten', 'CacheHit']);
      });
    }

    it('tell what is added, counted, touched, pulled and put in bulk', async () => {
      const store = await stores.fresh();
      const other = await stores.second(store);
      const { stream } = await tail(store);
      await other.add('added', string('v'), 60);
      await other.increment('counted', 1n);
      await other.putMany([{ key: 'bulk', value: string('v'), ttl: null }]);
      await other.pull('added');
      const untold = new Set(['KeyWritten added', 'KeyWritten counted', 'KeyWritten bulk']);
      if (tells('KeyForgotten') && stores.harness.tellsPulls !== false) untold.add('KeyForgotten added');
      // Servers of a pool tell at their own pace.
      for await (const { type, key } of stream) {
        untold.delete(`${type} ${key}`);
        if (untold.size === 0) break;
      }

      expect([...untold]).to.deep.equal([]);
    });

    it('say nothing of what lies under other prefixes', async () => {
      const store = await stores.fresh();
      const stranger = await stores.fresh();
      const { stream } = await tail(store);
      await stranger.put('secret', string('v'), 60);
      await stranger.forget(['secret']);
      await store.put('end', string('v'), 60);
      const { value } = await stream[Symbol.asyncIterator]().next();
      expect(value?.key).to.equal('end');
    });

    it('come from a source that is named, of types that are known', async () => {
      const store = await stores.fresh();
      const { stream } = await tail(store);
      expect(stream.source).to.match(/^\S[^\n]+$/);
      expect(EVENT_TYPES).to.include.members([...stream.types]);
    });

    it('end when told to', async () => {
      const store = await stores.fresh();
      const { stream, controller } = await tail(store);
      const events = all(stream);
      await store.put('k', string('v'), 60);
      controller.abort();
      expect((await events).every(({ key }) => key === 'k')).to.be.true;
    });

    it('end when the store is closed', async () => {
      const store = await stores.fresh();
      const { stream } = await tail(store);
      const events = all(stream);
      await store.close();
      expect(await events).to.deep.equal([]);
    });

    it('are told to every stream that is open', async () => {
      const store = await stores.fresh();
      const [first, second] = [await tail(store), await tail(await stores.second(store))];
      await store.put('k', string('v'), 60);
      const types = await Promise.all(
        [first, second].map(async ({ stream }) => (await heard(stream, 'k', 'KeyWritten')).map(({ type }) => type)),
      );
      expect(types).to.deep.equal([['KeyWritten'], ['KeyWritten']]);
    });
  });
}
