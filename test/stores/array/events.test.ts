import { expect } from 'chai';

import type { CacheEvent } from '../../../src/stores/contract/events.js';

import { openCodec } from '../../../src/codecs/open.js';
import { string } from '../../../src/codecs/value.js';
import { Memory } from '../../../src/stores/array/memory.js';
import { openArray } from '../../../src/stores/array/store.js';
import { taggedKey } from '../../../src/stores/tags/names.js';
import { all } from '../../../src/testing/suite/stores.js';

describe('array: events', () => {
  it('report everything exactly, in order', async () => {
    const profile = { driver: 'array', name: 'test', prefix: 'p:', codec: 'php', protected: false } as const;
    const store = openArray(profile, openCodec('php'), new Memory());
    const end = new AbortController();
    const stream = await store.events({ signal: end.signal, enable: false, tags: true });
    await store.get('a');
    await store.add('a', string('v'), 60);
    await store.add('a', string('v'), 60);
    await store.touch('a', 600);
    await store.get('a');
    await store.tags(['people', 'team']).put('Ann', string('v'), null);
    await store.tags(['team']).flush({ dryRun: false });
    await store.lock('deploy').acquire('ann', 60);
    await store.lock('deploy').acquire('bob', 60);
    await store.lock('deploy').refresh('ann', 600);
    await store.lock('deploy').release('bob');
    await store.flush({ scope: 'all', locks: false, dryRun: false });
    end.abort();
    await store.put('late', string('v'), 60);
    const size = 'a:1:"v";'.length;
    const ann = taggedKey(['people', 'team'], 'Ann');
    const people = { tags: ['people', 'team'] };
    expect((await all(stream)).map((event) => timeless(event))).to.deep.equal([
      { type: 'CacheMissed', key: 'a' },
      { type: 'KeyWritten', key: 'a', ttl: 60, size, tags: [] },
      { type: 'CacheHit', key: 'a' },
      { type: 'KeyWritten', key: ann, ttl: null, size, ...people },
      { type: 'KeyForgotten', key: ann, ...people },
      { type: 'LockAcquired', key: 'deploy', ttl: 60 },
      { type: 'LockContended', key: 'deploy' },
      { type: 'KeyForgotten', key: 'a', tags: [] },
      { type: 'LockReleased', key: 'deploy' },
      { type: 'CacheFlushed' },
    ]);
    expect(stream.dropped).to.equal(0);
    await store.close();
  });
});

function timeless({ time, ...event }: CacheEvent): object {
  expect(time).to.be.instanceOf(Date);
  return event;
}
