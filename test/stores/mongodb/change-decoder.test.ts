import { expect } from 'chai';
import { Long } from 'mongodb';

import type { CacheEvent } from '../../../src/stores/contract/events.js';
import type { CollectionRole } from '../../../src/stores/mongodb/deployment.js';
import type { Change } from '../../../src/stores/mongodb/events/collection-changes.js';

import { emitChange } from '../../../src/stores/mongodb/events/change-decoder.js';
import { Emitter } from '../../../src/stores/mongodb/events/emitter.js';
import { taggedKey } from '../../../src/stores/tags/names.js';

const NOW = Date.UTC(2030, 0, 1);
const wallTime = new Date(NOW);
const inAMinute = new Date(NOW + 60_000);

/** The events of a change in the form of MongoDB itself. The stand-in servers send some changes in another form. */
function decoded(place: CollectionRole, change: object): Array<Omit<CacheEvent, 'time'>> {
  const events: CacheEvent[] = [];
  const options = { signal: new AbortController().signal, enable: false, tags: true };
  const emitter = new Emitter('app-', options, (event) => events.push(event));
  emitChange(place, { wallTime, documentKey: { _id: 'app-k' }, ...change } as unknown as Change, emitter, () => NOW);
  return events.map(({ time, ...event }) => {
    expect(time).to.equal(wallTime);
    return event;
  });
}

function updated(updatedFields: object, more: object = {}): object {
  return { operationType: 'update', updateDescription: { updatedFields, removedFields: [] }, ...more };
}

/** The key of an entry with these tags. */
function tagged(...tags: readonly string[]): object {
  return { documentKey: { _id: `app-${taggedKey(tags, 'k')}` } };
}

describe('a change of MongoDB', () => {
  for (const [title, change, event] of [
    ['an insertion', { operationType: 'insert', fullDocument: { value: 'i:1;', expires_at: inAMinute } }, { tags: [] }],
    [
      'a replacement',
      {
        ...tagged('a', 'b'),
        operationType: 'replace',
        fullDocument: { value: 'i:1;', expires_at: inAMinute, tags: ['app-a', 'b', 7] },
      },
      { key: taggedKey(['a', 'b'], 'k'), tags: ['a', 'b'] },
    ],
    ['an update', updated({ value: 'i:1;', expires_at: inAMinute }), {}],
    [
      'an update of a document that has changed since',
      updated(
        { value: 'i:1;', expires_at: inAMinute },
        { ...tagged('a'), fullDocument: { value: 'another', tags: ['app-a'] } },
      ),
      { key: taggedKey(['a'], 'k'), tags: ['a'] },
    ],
    [
      'an update of a document that has been removed since',
      updated({ value: 'i:1;', expires_at: inAMinute }, { fullDocument: null }),
      {},
    ],
  ] as const) {
    it(`is a write: ${title}`, () => {
      expect(decoded('entries', change)).to.deep.equal([{ type: 'KeyWritten', key: 'k', ttl: 60, size: 4, ...event }]);
    });
  }

  for (const [value, size] of [
    [42, 2],
    [2.5, 3],
    [1e20, 7],
    [Long.fromBigInt(2n ** 62n), 19],
    ['žluť', 6],
    [null, 4],
  ] as const) {
    it(`is a write with the size that a read returns: ${String(value)}`, () => {
      expect(decoded('entries', updated({ value }))).to.deep.equal([{ type: 'KeyWritten', key: 'k', size }]);
    });
  }

  it('is no event if only the expiry changes', () => {
    expect(decoded('entries', updated({ expires_at: inAMinute }))).to.deep.equal([]);
    expect(decoded('locks', updated({ expires_at: inAMinute }))).to.deep.equal([]);
  });

  it('is a removal', () => {
    expect(decoded('entries', { operationType: 'delete' })).to.deep.equal([{ type: 'KeyForgotten', key: 'k' }]);
  });

  for (const operationType of ['drop', 'rename']) {
    it(`is a flush: ${operationType}`, () => {
      expect(decoded('entries', { operationType, documentKey: undefined })).to.deep.equal([{ type: 'CacheFlushed' }]);
      expect(decoded('locks', { operationType, documentKey: undefined })).to.deep.equal([]);
    });
  }

  it('is a lock acquired, also after its expiry, and released', () => {
    const acquired = { type: 'LockAcquired', key: 'k', ttl: 60 };
    const fullDocument = { owner: 'ann', expires_at: inAMinute };
    expect(decoded('locks', { operationType: 'insert', fullDocument })).to.deep.equal([acquired]);
    expect(decoded('locks', updated({ owner: 'bob', expires_at: inAMinute }))).to.deep.equal([acquired]);
    expect(decoded('locks', { operationType: 'delete' })).to.deep.equal([{ type: 'LockReleased', key: 'k' }]);
  });

  it('is a lock event for the mutex of onOneServer() among the entries', () => {
    const key = `framework/schedule-${'0a'.repeat(20)}0905`;
    const documentKey = { _id: `app-${key}` };
    const insert = { documentKey, operationType: 'insert', fullDocument: { value: 'b:1;', expires_at: inAMinute } };
    expect(decoded('entries', insert)).to.deep.equal([{ type: 'LockAcquired', key, ttl: 60 }]);
    expect(decoded('entries', { documentKey, operationType: 'delete' })).to.deep.equal([{ type: 'LockReleased', key }]);
  });

  it('is no event outside of the entries or the prefix', () => {
    for (const documentKey of [undefined, null, {}, { _id: 7 }, { _id: null }, { _id: 'ap-k' }]) {
      for (const operationType of ['insert', 'update', 'delete']) {
        expect(decoded('entries', { operationType, documentKey })).to.deep.equal([]);
      }
    }

    expect(decoded('entries', { operationType: 'something new' })).to.deep.equal([]);
  });

  it('reports only what it has: no TTL from an invalid expiry, no size without a value', () => {
    const odd = { operationType: 'insert', fullDocument: { expires_at: 'soon', tags: 'people' } };
    expect(decoded('entries', odd)).to.deep.equal([{ type: 'KeyWritten', key: 'k', tags: [] }]);
  });
});
