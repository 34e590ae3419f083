import { expect } from 'chai';

import type { LockEvent } from '../../stores/contract/locks.js';

import { newOwner } from '../../stores/locks/owner.js';
import { watchLocks } from '../../stores/locks/polled-watch.js';
import { acquireWithin } from '../../stores/locks/wait.js';
import { type Stores, until } from './stores.js';

/** Longer than any case, in seconds. A waiter that never wakes ends with the case's timeout. */
const LONG = 3600;

/** For stores with locks. Skips what they do not declare. */
export function describeLockWaiting(stores: Stores): void {
  const lockWaiters = stores.has('waiters');
  const never = new AbortController().signal;

  describe('waiting for a lock', () => {
    it('ends when another client releases the lock', async () => {
      const store = await stores.fresh();
      const holder = (await stores.second(store)).lock('deploy');
      await holder.acquire('ann', 600);
      const waiting = acquireWithin(store.lock('deploy'), { owner: 'bob', ttl: 60, wait: LONG, signal: never });
      await holder.release('ann');
      expect(await waiting).to.be.true;
      expect((await holder.holder())?.owner).to.equal('bob');
    });

    it('ends when the holder’s TTL ends', async () => {
      const store = await stores.fresh();
      await store.lock('deploy').acquire('ann', 1);
      const options = { owner: 'bob', ttl: 60, wait: LONG, signal: never };
      expect(await acquireWithin(store.lock('deploy'), options)).to.be.true;
    });

    it('ends when its time is over, or on the signal', async () => {
      const lock = (await stores.fresh()).lock('deploy');
      await lock.acquire('ann', 600);
      expect(await acquireWithin(lock, { owner: 'bob', ttl: 60, wait: 0, signal: never })).to.be.false;
      expect(await acquireWithin(lock, { owner: 'bob', ttl: 60, wait: 1, signal: never })).to.be.false;
      const aborted = new AbortController();
      const waiting = acquireWithin(lock, { owner: 'bob', ttl: 60, wait: LONG, signal: aborted.signal });
      aborted.abort();
      expect(await waiting).to.be.false;
      expect((await lock.holder())?.owner).to.equal('ann');
    });

    it('lets every waiter acquire the lock, one at a time', async () => {
      const store = await stores.fresh();
      const owners = Array.from({ length: 8 }, (_, number) => `owner-${number}`);
      let holders = 0;
      const turns = owners.map(async (owner) => {
        const lock = (await stores.second(store)).lock('deploy');
        expect(await acquireWithin(lock, { owner, ttl: 60, wait: LONG, signal: never })).to.be.true;
        holders++;
        expect(holders).to.equal(1);
        await lock.holder();
        holders--;
        expect(await lock.release(owner)).to.be.true;
      });
      await Promise.all(turns);
      expect(await store.lock('deploy').holder()).to.be.undefined;
    });

    if (lockWaiters) {
      it('is visible to others while it lasts', async () => {
        const store = await stores.fresh();
        const lock = store.lock('deploy');
        expect(await lock.waiters!()).to.deep.equal([]);
        await lock.acquire(newOwner(), 600);
        const other = (await stores.second(store)).lock('deploy');
        const owner = newOwner();
        const ended = new AbortController();
        const waiting = acquireWithin(other, { owner, ttl: 60, wait: LONG, signal: ended.signal });
        await until(async () => (await lock.waiters!()).length > 0);
        const [waiter] = await lock.waiters!();
        expect(waiter?.owner).to.equal(owner);
        expect(waiter?.since).to.be.instanceOf(Date);
        expect(await store.lock('another').waiters!()).to.deep.equal([]);
        ended.abort();
        await waiting;
        await until(async () => (await lock.waiters!()).length === 0);
      });
    }
  });

  describe('watching a lock', () => {
    it('reports what happens to it, starting with its holder', async () => {
      const store = await stores.fresh();
      const watcher = await stores.second(store);
      const lock = store.lock('deploy');
      await lock.acquire('ann', 60);
      await store.lock('another').acquire('eve', 60);
      const ended = new AbortController();
      const stream = await watchLocks(watcher, ['deploy'], { signal: ended.signal });
      expect(stream.source).to.match(/\S/);
      const events: LockEvent[] = [];
      const reading = (async () => {
        for await (const event of stream) if (event.type !== 'contended') events.push(event);
      })();
      const eventCount = async (count: number): Promise<void> => until(() => events.length >= count);
      await eventCount(1);
      await lock.release('ann');
      await eventCount(2);
      await lock.acquire('bob', 60);
      await eventCount(3);
      if (stores.traits.ttls) {
        await lock.refresh('bob', 600);
        await eventCount(4);
      }

      await lock.forceRelease();
      await eventCount(stores.traits.ttls ? 5 : 4);
      const isEnd = ({ type }: LockEvent): boolean => type === 'expired' || type === 'released';
      const ofOwner = (owner: string): LockEvent[] => events.filter((event) => event.owner === owner);
      const isReportedToTheEnd = (owner: string): boolean => ofOwner(owner).some((event) => isEnd(event));
      // On a busy machine, a short TTL may end before the first check. Retry with twice the TTL.
      let brief = '';
      for (let ttl = 2; !isReportedToTheEnd(brief); ttl *= 2) {
        brief = `cyd-${ttl}`;
        await lock.acquire(brief, ttl);
        await until(async () => isReportedToTheEnd(brief) || (await lock.holder()) === undefined);
        if (ofOwner(brief).length > 0) await until(() => isReportedToTheEnd(brief));
      }

      ended.abort();
      await reading;
      const reported = events
        .filter(({ owner }) => owner === brief || !owner?.startsWith('cyd-'))
        .map(({ type, name, owner }) => [type, name, owner]);
      expect(reported).to.deep.equal([
        ['held', 'deploy', 'ann'],
        ['released', 'deploy', 'ann'],
        ['acquired', 'deploy', 'bob'],
        ...(stores.traits.ttls ? [['refreshed', 'deploy', 'bob']] : []),
        ['released', 'deploy', 'bob'],
        ['acquired', 'deploy', brief],
        // A store without TTLs cannot tell why the lock ended.
        [stores.traits.ttls ? 'expired' : 'released', 'deploy', brief],
      ]);
    });

    it('reports who tries to acquire it, if known', async () => {
      const store = await stores.fresh();
      await store.lock('deploy').acquire('ann', 600);
      const ended = new AbortController();
      const stream = await watchLocks(await stores.second(store), ['deploy'], { signal: ended.signal });
      const events: LockEvent[] = [];
      const reading = (async () => {
        for await (const event of stream) events.push(event);
      })();
      const owner = newOwner();
      const other = (await stores.second(store)).lock('deploy');
      const waiting = acquireWithin(other, { owner, ttl: 60, wait: LONG, signal: ended.signal });
      const isReported = stream.types.includes('contended');
      if (isReported) await until(() => events.some(({ type }) => type === 'contended'));
      ended.abort();
      await Promise.all([reading, waiting]);
      const contended = events.find(({ type }) => type === 'contended');
      expect(contended !== undefined).to.equal(isReported);
      if (contended?.owner !== undefined) expect(contended.owner).to.equal(owner);
    });
  });
}
