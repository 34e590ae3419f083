import { expect } from 'chai';

import type { ListedLock } from '../../stores/contract/locks.js';
import type { Store } from '../../stores/contract/store.js';

import { string } from '../../codecs/value.js';
import { newOwner } from '../../stores/locks/owner.js';
import { all, type Stores, until } from './stores.js';

/** For stores that can list held locks. */
export function describeLockListing(stores: Stores): void {
  describe('a list of locks', () => {
    it('shows each holder and TTL', async () => {
      const store = await stores.fresh();
      const [ann, bob] = [newOwner(), newOwner()];
      await store.lock('deploy').acquire(ann, 60);
      const other = stores.takesAnyKey ? 'import: žluť' : 'import:žluť';
      await store.lock(other).acquire(bob, null);
      const listed = await listOf(store);
      expect(listed.map(({ name, owner }) => [name, owner])).to.deep.equal([
        ['deploy', ann],
        [other, bob],
      ]);
      stores.expectTtl(listed[0], [55, 60]);
      stores.expectTtl(listed[1], null);
    });

    it("has Laravel's locks with any owner", async () => {
      const store = await stores.fresh();
      await store.lock(String.raw`laravel_unique_job:App\Jobs\Sync:42`).acquire('somebody', 60);
      await store.lock('framework/command-migrate').acquire('somebody else', null);
      const listed = await listOf(store);
      expect(listed.map(({ name, owner }) => [name, owner])).to.deep.equal([
        ['framework/command-migrate', 'somebody else'],
        [String.raw`laravel_unique_job:App\Jobs\Sync:42`, 'somebody'],
      ]);
    });

    it('has no entries, tags, or locks that were released, have expired or have another prefix', async () => {
      const store = await stores.fresh();
      const other = await stores.fresh();
      await store.put('entry', string('cachectl is a name, too'), 60);
      if (stores.has('tags')) await store.tags(['people']).put('ann', string('Ann'), 60);
      await other.lock('theirs').acquire(newOwner(), 60);
      const owner = newOwner();
      await store.lock('released').acquire(owner, 60);
      await store.lock('released').release(owner);
      await store.lock('expired').acquire(newOwner(), 1);
      await store.lock('held').acquire(newOwner(), 60);
      await until(async () => (await store.lock('expired').holder()) === undefined);
      expect((await listOf(store)).map(({ name }) => name)).to.deep.equal(['held']);
    });

    it('can be long, and can be left before the end', async () => {
      const store = await stores.fresh();
      const owner = newOwner();
      const names = Array.from({ length: 2500 }, (_, number) => `lock:${String(number).padStart(4, '0')}`);
      for (let start = 0; start < names.length; start += 100) {
        await Promise.all(names.slice(start, start + 100).map(async (name) => store.lock(name).acquire(owner, 600)));
      }

      expect([...new Set((await listOf(store)).map(({ name }) => name))]).to.deep.equal(names);
      const left = store.locks!()[Symbol.asyncIterator]();
      expect((await left.next()).value?.owner).to.equal(owner);
      await left.return?.();
    });

    it('ends on the signal', async () => {
      const store = await stores.fresh();
      await store.lock('held').acquire(newOwner(), 60);
      let error: unknown;
      try {
        await all(store.locks!({ signal: AbortSignal.abort() }));
      } catch (error_) {
        error = error_;
      }

      expect(error).to.have.property('name', 'AbortError');
    });
  });
}

/** Sorted by name, because each store has its own order. */
async function listOf(store: Store): Promise<ListedLock[]> {
  const listed = await all(store.locks!());
  return listed.sort((one, other) => (one.name < other.name ? -1 : 1));
}
