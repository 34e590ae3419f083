import { expect } from 'chai';

import type { Store } from '../../stores/contract/store.js';
import type { ListedTag, TagMember } from '../../stores/contract/tags.js';

import { string } from '../../codecs/value.js';
import { all, failure, type Stores, textOf, until } from './stores.js';

const V = string('v');

/** For stores that can list tags, at least by name. */
export function describeTagIndex(stores: Stores): void {
  const tellsMembers = stores.has('members');
  const counted = (name: string, entries: number): ListedTag => (tellsMembers ? { name, entries, stale: 0 } : { name });

  describe('a list of tags', () => {
    it('has every tag with its number of entries', async () => {
      const store = await stores.fresh();
      expect(await tagsOf(store)).to.deep.equal([]);
      await store.tags(['people', 'artists']).put('Ann', V, 60);
      await store.tags(['people']).put('Bob', V, null);
      await store.tags(['people']).put('Bob', V, 60);
      await store.put('plain', V, 60);
      expect(await tagsOf(store)).to.deep.equal([counted('artists', 1), counted('people', 2)]);
    });

    it('has names of any kind, and none of other prefixes', async () => {
      const store = await stores.fresh();
      const names = [stores.takesAnyKey ? 'a b' : 'a-b', 'x:y|z', 'a:entries', 'a:key', '*', 'žluť', '%_'];
      await store.tags(names).put('k', V, 60);
      await (await stores.fresh()).tags(['theirs']).put('k', V, 60);
      const listed = await tagsOf(store);
      expect(listed.map(({ name }) => name)).to.deep.equal(names.toSorted(byBytes));
      expect((await tagsOf(store, 'a*')).map(({ name }) => name)).to.deep.equal(
        names.filter((name) => name.startsWith('a')).toSorted(byBytes),
      );
      expect(await tagsOf(store, '[*]')).to.deep.equal([counted('*', 1)]);
    });

    it('can be long, and can be left before the end', async () => {
      const store = await stores.fresh();
      const names = Array.from({ length: 1500 }, (_, number) => `t:${String(number).padStart(4, '0')}`);
      for (let start = 0; start < names.length; start += 50) {
        await Promise.all(names.slice(start, start + 50).map(async (name) => store.tags([name]).put('k', V, 600)));
      }

      expect([...new Set((await tagsOf(store)).map(({ name }) => name))]).to.deep.equal(names);
      const left = (await store.tagIndex!()).tags()[Symbol.asyncIterator]();
      expect((await left.next()).value).not.to.be.empty;
      await left.return?.();
    });

    it('ends on the signal', async () => {
      const store = await stores.fresh();
      await store.tags(['t']).put('k', V, 60);
      const index = await store.tagIndex!();
      expect(await failure(all(index.tags({ signal: AbortSignal.abort() })))).to.have.property('name', 'AbortError');
    });

    it('no longer counts flushed entries', async () => {
      const store = await stores.fresh();
      await store.tags(['t', 'u']).put('k', V, 60);
      await store.tags(['t']).flush({ dryRun: false });
      const [t] = await tagsOf(store, 't');
      // A tag that is only an id exists as long as the server keeps it.
      expect(t?.entries ?? 0).to.equal(0);
    });
  });

  if (tellsMembers) describeMembers(stores);
  else {
    it('has no members of a tag', async () => {
      const index = await (await stores.fresh()).tagIndex!();
      expect(index.members).to.be.undefined;
    });
  }

  describe('a prune of tags', () => {
    it('removes no live members, and nothing in a dry run', async () => {
      const store = await stores.fresh();
      await store.tags(['t', 'u']).put('k', V, 60);
      await store.tags(['t']).put('forever', V, null);
      const index = await store.tagIndex!();
      for (const [deep, dryRun] of [
        [false, true],
        [false, false],
        [true, true],
        [true, false],
      ] as const) {
        expect(await index.prune({ deep, dryRun })).to.deep.equal({ tags: 2, removed: 0 });
      }

      expect(textOf(await store.tags(['t', 'u']).get('k'))).to.equal('v');
      expect(await store.tags(['t']).flush({ dryRun: true })).to.equal(stores.counted(2));
    });

    it('removes expired and forgotten members', async () => {
      const store = await stores.fresh();
      const tagged = store.tags(['t', 'u']);
      await tagged.putMany(Array.from({ length: 1200 }, (_, number) => ({ key: `n:${number}`, value: V, ttl: 1 })));
      // It was put last, so it also expires last.
      await tagged.put('last', V, 2);
      await tagged.put('forgotten', V, 60);
      await tagged.put('kept', V, 60);
      await tagged.forget(['forgotten']);
      await until(async () => (await tagged.get('last')) === undefined);
      const index = await store.tagIndex!();
      const there = await index.prune({ deep: true, dryRun: true });
      let done = 0;
      const onProgress = (progress: { readonly done: number }): void => {
        done = progress.done;
      };

      const { removed } = await index.prune({ deep: true, dryRun: false, onProgress });
      expect(removed).to.equal(there.removed);
      expect(done).to.equal(removed);
      expect(await index.prune({ deep: true, dryRun: true })).to.include({ removed: 0 });
      expect(await tagsOf(store)).to.deep.equal([counted('t', 1), counted('u', 1)]);
      expect(textOf(await tagged.get('kept'))).to.equal('v');
    });

    it('covers the tags that match, and stops on the signal', async () => {
      const store = await stores.fresh();
      await store.tags(['one', 'two']).put('k', V, 60);
      const index = await store.tagIndex!();
      expect(await index.prune({ deep: true, dryRun: false, pattern: 'o*' })).to.deep.equal({ tags: 1, removed: 0 });
      const stopped = index.prune({ deep: true, dryRun: false, signal: AbortSignal.abort() });
      expect(await failure(stopped)).to.have.property('name', 'AbortError');
    });
  });
}

function describeMembers(stores: Stores): void {
  describe('the members of a tag', () => {
    it('have the key as it was given, and all their tags in order', async () => {
      const store = await stores.fresh();
      const combinations = [['t'], ['t', 'a'], ['a', 't'], ['b', 't', 'a'], ['d', 'c', 'b', 'a', 't']];
      for (const tags of combinations) await store.tags(tags).put(`${tags.join('+')}: žluť`, V, 60);
      await store.tags(['a', 'b']).put('other', V, 60);
      await store.tags(['t']).put('forever', V, null);
      const members = await membersOf(store, 't');
      expect(members.map(({ key, tags }) => [key, tags])).to.have.deep.members([
        ...combinations.map((tags) => [`${tags.join('+')}: žluť`, tags]),
        ['forever', ['t']],
      ]);
      for (const member of members) {
        expect(member).to.include({ isOrdered: true, isStale: false });
        stores.expectTtl(member, member.key === 'forever' ? null : [55, 60]);
        expect(textOf(await store.tags(member.tags).get(member.key))).to.equal('v');
        expect(textOf(await store.get(member.listedKey))).to.equal('v');
      }
    });

    it('are empty for an unknown tag, and for a tag of another prefix', async () => {
      const store = await stores.fresh();
      await (await stores.fresh()).tags(['t']).put('k', V, 60);
      expect(await membersOf(store, 't')).to.deep.equal([]);
      expect(await membersOf(store, 'never used')).to.deep.equal([]);
    });

    it('that are forgotten or have expired are stale or missing', async () => {
      const store = await stores.fresh();
      const tagged = store.tags(['t']);
      await tagged.put('forgotten', V, 60);
      await tagged.put('expired', V, 1);
      await tagged.put('kept', V, 60);
      await tagged.forget(['forgotten']);
      await until(async () => (await tagged.get('expired')) === undefined);
      const members = await membersOf(store, 't');
      expect(members.filter(({ isStale }) => !isStale).map(({ key }) => key)).to.deep.equal(['kept']);
      expect(members.filter(({ isStale }) => isStale).every(({ ttl }) => ttl === undefined)).to.be.true;
      const [listed] = await tagsOf(store, 't', true);
      expect(listed).to.deep.equal({ name: 't', entries: 1, stale: members.length - 1 });
    });

    it('can be many, and can be left before the end', async () => {
      const store = await stores.fresh();
      const keys = Array.from({ length: 3000 }, (_, number) => `n:${number}`);
      await store.tags(['t', 'u']).putMany(keys.map((key) => ({ key, value: V, ttl: 600 })));
      const members = await membersOf(store, 'u');
      expect(new Set(members.map(({ key }) => key))).to.deep.equal(new Set(keys));
      const left = (await store.tagIndex!()).members!('t')[Symbol.asyncIterator]();
      expect((await left.next()).value).not.to.be.empty;
      await left.return?.();
    });

    it('end on the signal', async () => {
      const store = await stores.fresh();
      await store.tags(['t']).put('k', V, 60);
      const index = await store.tagIndex!();
      const stopped = all(index.members!('t', { signal: AbortSignal.abort() }));
      expect(await failure(stopped)).to.have.property('name', 'AbortError');
    });
  });
}

/** Sorted by name, because each store has its own order. */
async function tagsOf(store: Store, pattern = '*', deep = false): Promise<ListedTag[]> {
  const index = await store.tagIndex!();
  const listed = (await all(index.tags({ pattern, deep }))).flat();
  if (index.isSorted) expect(listed).to.deep.equal(listed.toSorted((one, other) => byBytes(one.name, other.name)));
  return listed.sort((one, other) => byBytes(one.name, other.name));
}

async function membersOf(store: Store, name: string): Promise<TagMember[]> {
  const index = await store.tagIndex!();
  return (await all(index.members!(name))).flat();
}

function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
