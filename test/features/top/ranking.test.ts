import { expect } from 'chai';

import type { CacheEvent, EventType } from '../../../src/stores/contract/events.js';

import { EventCounts, HISTORY } from '../../../src/features/top/counts.js';
import { grouped } from '../../../src/features/top/groups.js';
import { HotRows } from '../../../src/features/top/hot-rows.js';
import { bytesText } from '../../../src/terminal/numbers.js';
import { sparkline } from '../../../src/terminal/sparkline.js';

function event(type: EventType, more: Partial<CacheEvent> = {}): CacheEvent {
  return { time: new Date(), type, ...more };
}

describe('the counts of top', () => {
  it('are events by type, reported bytes, and hits among lookups', () => {
    const counts = new EventCounts();
    expect(counts.hitRatio).to.equal(undefined);
    counts.add(event('CacheHit', { size: 10 }));
    counts.add(event('CacheMissed'));
    counts.add(event('KeyWritten', { size: 5 }));
    expect(counts.events).to.equal(3);
    expect(counts.bytes).to.equal(15);
    expect(counts.of('KeyWritten')).to.equal(1);
    expect(counts.of('KeyEvicted')).to.equal(0);
    expect(counts.hitRatio).to.equal(0.5);
  });

  it('have a history of the last seconds, newest last', () => {
    const counts = new EventCounts();
    for (let second = 1; second <= HISTORY + 2; second++) {
      for (let i = 0; i < second; i++) counts.add(event('CacheHit'));
      counts.tick();
    }

    expect(counts.history).to.have.length(HISTORY);
    expect(counts.history.at(-1)).to.equal(HISTORY + 2);
    expect(counts.history[0]).to.equal(3);
  });

  it('are grouped by key, key family, tag, client or type', () => {
    const one = event('CacheHit', { key: 'users:1:name', tags: ['a', 'b'], client: { address: '10.0.0.7:4711' } });
    expect(grouped('key', ':', 1)(one)).to.deep.equal(['users:1:name']);
    expect(grouped('prefix', ':', 1)(one)).to.deep.equal(['users:*']);
    expect(grouped('prefix', ':', 2)(one)).to.deep.equal(['users:1:*']);
    expect(grouped('prefix', ':', 9)(one)).to.deep.equal(['users:1:*']);
    expect(grouped('prefix', '--', 1)(one)).to.deep.equal(['users:1:name']);
    expect(grouped('tag', ':', 1)(one)).to.deep.equal(['a', 'b']);
    expect(grouped('client', ':', 1)(one)).to.deep.equal(['10.0.0.7']);
    expect(grouped('type', ':', 1)(one)).to.deep.equal(['CacheHit']);
  });

  it('have labels for unknown values', () => {
    const plain = event('CacheHit', { key: 'k' });
    expect(grouped('tag', ':', 1)(plain)).to.deep.equal(['(no tag)']);
    expect(grouped('client', ':', 1)(plain)).to.deep.equal(['(unknown)']);
    expect(grouped('client', ':', 1)({ ...plain, client: { address: '[::1]:4711', name: 'web' } })).to.deep.equal([
      'web',
    ]);
    expect(grouped('key', ':', 1)(event('CacheFlushed'))).to.deep.equal([]);
    expect(grouped('tag', ':', 1)(event('CacheFlushed'))).to.deep.equal([]);
  });
});

describe('the rows of top', () => {
  it('are sorted by a measure, then by name', () => {
    const rows = new HotRows();
    for (const name of ['b', 'a', 'c', 'c']) rows.add(name, event('CacheHit'));
    const byEvents = rows.top(3, ({ events }) => events);
    expect(byEvents.map(({ name }) => name)).to.deep.equal(['c', 'a', 'b']);
    expect(rows.top(1, ({ events }) => events)).to.have.length(1);
  });

  it('stay few for any number of names, and keep the frequent ones', () => {
    const rows = new HotRows(100);
    for (let round = 0; round < 2000; round++) {
      rows.add('hot', event('CacheHit'));
      rows.add(`once:${round}`, event('CacheHit'));
    }

    const all = rows.top(1000, ({ events }) => events);
    expect(all.length).to.be.at.most(200);
    expect(all[0]).to.include({ name: 'hot', uncounted: 0 });
    expect(all[0]!.counts.events).to.equal(2000);
    // Each pruning of a hundred rows may add one missing event to rows that return.
    expect(Math.max(...all.map(({ uncounted }) => uncounted))).to.be.within(1, 20);
  });

  it('mark counts that may be too low', () => {
    const rows = new HotRows(2);
    for (const name of ['a', 'a', 'a', 'b', 'b', 'b', 'c', 'c', 'd', 'e', 'c']) rows.add(name, event('CacheHit'));
    const again = rows.top(9, ({ events }) => events).find(({ name }) => name === 'c')!;
    expect(again.counts.events + again.uncounted).to.be.at.least(3);
    expect(again.uncounted).to.equal(2);
  });
});

describe('numbers of top', () => {
  it('are bars of proportional height', () => {
    expect(sparkline([0, 1, 4, 8])).to.equal(' ▂▅█');
    expect(sparkline([1, 1], 8)).to.equal('▂▂');
    expect(sparkline([0, 0])).to.equal('  ');
    expect(sparkline([])).to.equal('');
  });

  it('are bytes in powers of 1000', () => {
    const texts = [0, 999, 1000, 1_234_567, 123_456_789, 5e15].map((bytes) => bytesText(bytes));
    expect(texts).to.deep.equal(['0 B', '999 B', '1.0 kB', '1.2 MB', '123 MB', '5000 TB']);
  });
});
