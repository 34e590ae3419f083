import { expect } from 'chai';

import type { CacheEvent, EventStream, EventType } from '../../stores/contract/events.js';

import { string } from '../../codecs/value.js';
import { newOwner } from '../../stores/locks/owner.js';
import { type Feeds, reportedTypes, StepReader } from './feeds.js';
import { textOf } from './stores.js';

const LOCK_EVENTS = ['LockAcquired', 'LockContended', 'LockReleased'] as const satisfies readonly EventType[];

export function describeEventOptions(feeds: Feeds): void {
  const { stores, source, isPolled, tail } = feeds;
  it('filter by type and key before an event is made', async () => {
    const store = await stores.fresh();
    const matched: CacheEvent[] = [];
    const { stream } = await tail(store, {
      wants: (type, key) => type === 'KeyWritten' && key !== 'unwanted',
      matches: (event) => matched.push(event) > 0,
    });
    await store.put('unwanted', string('v'), 60);
    await store.get('unwanted');
    await store.put('k', string('v'), 60);
    if (!isPolled) await store.forget(['k']);
    await store.put('end', string('v'), 60);
    // Several servers report at their own pace.
    const events = await until(stream, ['KeyWritten k', 'KeyWritten end']);
    expect(new Set(names(events))).to.deep.equal(new Set(['KeyWritten end', 'KeyWritten k']));
    expect(names(matched)).to.include.members(names(events));
    expect(names(matched).filter((name) => name.includes('unwanted') || !name.startsWith('KeyWritten'))).to.be.empty;
  });

  it('filter by the whole event, and do not count a filtered event as dropped', async () => {
    const store = await stores.fresh();
    const { stream } = await tail(store, { matches: ({ key }) => key === 'end' });
    await store.put('k', string('v'), 60);
    await store.put('end', string('v'), 60);
    const { value } = await stream[Symbol.asyncIterator]().next();
    expect(value?.key).to.equal('end');
    expect(stream.dropped ?? 0).to.equal(0);
  });

  it('include keys under other prefixes with everything', async () => {
    const store = await stores.fresh();
    const stranger = await stores.fresh();
    const { stream } = await tail(store, { everything: true });
    await stranger.put('k', string('v'), 60);
    await store.put('end', string('v'), 60);
    const missing = new Set([`KeyWritten end ours`, `KeyWritten ${stranger.prefix}k foreign`]);
    const reported: string[] = [];
    for await (const { type, key, isForeign } of stream) {
      const name = `${type} ${key} ${isForeign === undefined ? 'ours' : 'foreign'}`;
      reported.push(name);
      missing.delete([...missing].find((each) => isReported(each, name)) ?? '');
      if (missing.size === 0) break;
    }

    expect(reported.filter((name) => name.endsWith(' ours') && name.includes(stranger.prefix))).to.be.empty;
    expect(reported.filter((name) => name.endsWith(' foreign') && name.includes(store.prefix))).to.be.empty;
  });

  it('do not include the reads of peek', async () => {
    const store = await stores.fresh();
    await store.put('k', string('v'), 60);
    const { stream } = await tail(store);
    // A stream without `peek` promises that reads are not reported.
    const readings = await (stream.peek ? stream.peek(['k', 'missing']) : store.many(['k', 'missing']));
    expect(readings).to.have.lengthOf(2);
    const [hit, miss] = readings;
    if (hit instanceof Error) throw hit;
    expect(textOf(hit)).to.equal('v');
    expect(miss).to.be.undefined;
    for (const key of ['k', 'missing']) await store.put(key, string('w'), 60);
    const written: string[] = [];
    for await (const { type, key } of stream) {
      expect(type).to.equal('KeyWritten');
      written.push(key!);
      if (written.length === 2) break;
    }

    expect(written.toSorted()).to.deep.equal(['k', 'missing']);
  });

  if (source.tags) {
    it('report the tags of an entry on request', async () => {
      const store = await stores.fresh();
      const { stream } = await tail(store, { tags: true });
      await (await stores.second(store)).tags(['people', 'team']).put('Ann', string('v'), 60);
      for await (const { type, key, tags } of stream) {
        if (type !== 'KeyWritten' || !key!.endsWith('Ann')) continue;
        expect(tags?.toSorted()).to.deep.equal(['people', 'team']);
        break;
      }
    });
  }

  if (LOCK_EVENTS.some((type) => source.types.includes(type))) {
    it('report locks as locks, as far as the source can', async () => {
      const store = await stores.fresh();
      const other = await stores.second(store);
      // A name and owners that mark it as a lock on any store.
      const name = 'laravel_unique_job:import';
      const [ann, bob] = [newOwner(), newOwner()];
      const { stream } = await tail(store);
      const reader = new StepReader(stream, feeds);
      await other.lock(name).acquire(ann, 60);
      // The first lock may have created the table, whose events are reported from then on.
      if (stream.types.includes('LockAcquired')) await reader.next(name, 'LockAcquired');
      await store.lock(name).acquire(bob, 60);
      await other.lock(name).release(ann);
      const expected = reportedTypes(stream, LOCK_EVENTS);
      expect(expected).not.to.be.empty;
      const events = await reader.until(name, expected.at(-1)!);
      // Sources that see only commands may report the lookups of a lock's script.
      const changes = events.filter(({ key, type }) => key === name && !type.startsWith('Cache'));
      expect(changes.map(({ type }) => type)).to.deep.equal(expected);
      const [acquired] = changes;
      if (acquired?.ttl !== undefined) expect(acquired.ttl).to.be.within(30, 60);
    });
  }
}

/** Some servers report a foreign key with more in front of it than the prefix. */
function isReported(awaited: string, name: string): boolean {
  const [type, key, whose] = awaited.split(' ');
  return name.startsWith(`${type} `) && name.endsWith(`${key} ${whose}`);
}

function names(events: readonly CacheEvent[]): string[] {
  return events.map(({ type, key }) => `${type} ${key}`);
}

async function until(stream: EventStream, wanted: readonly string[]): Promise<CacheEvent[]> {
  const events: CacheEvent[] = [];
  for await (const event of stream) {
    events.push(event);
    if (wanted.every((name) => names(events).includes(name))) break;
  }

  return events;
}
