import { expect } from 'chai';

import { PartialError } from '../../../src/errors.js';
import { DroppingQueue, EventQueue } from '../../../src/stores/events/queue.js';
import { all, failure } from '../../../src/testing/suite/stores.js';

/** How many events wait for a slow reader. */
const ROOM = 100_000;

function fill(queue: EventQueue<number>, from: number, to: number): void {
  for (let number = from; number < to; number++) queue.push(number);
}

for (const Queue of [EventQueue, DroppingQueue]) {
  describe(`a queue of events: ${Queue.name}`, () => {
    it('yields events in order, before and during reading', async () => {
      const queue = new Queue<number>();
      fill(queue, 0, 2);
      const events = queue[Symbol.asyncIterator]();
      expect((await events.next()).value).to.equal(0);
      fill(queue, 2, 4);
      expect((await events.next()).value).to.equal(1);
      expect((await events.next()).value).to.equal(2);
      expect((await events.next()).value).to.equal(3);
      const awaited = events.next();
      queue.push(4);
      expect((await awaited).value).to.equal(4);
    });

    it('ends after the queued events, and accepts no more', async () => {
      const queue = new Queue<number>();
      fill(queue, 0, 2);
      queue.end();
      fill(queue, 2, 4);
      expect(await all(queue)).to.deep.equal([0, 1]);
    });

    it('ends for a waiting reader', async () => {
      const queue = new Queue<number>();
      const read = all(queue);
      await Promise.resolve();
      queue.end();
      expect(await read).to.deep.equal([]);
    });

    it('fails after the queued events, with the first error, and not after its end', async () => {
      const queue = new Queue<number>();
      queue.push(0);
      queue.fail(new Error('first'));
      queue.fail(new Error('second'));
      const events = queue[Symbol.asyncIterator]();
      expect((await events.next()).value).to.equal(0);
      expect(await failure(events.next())).to.have.property('message', 'first');

      const ended = new Queue<number>();
      ended.end();
      ended.fail(new Error('too late'));
      expect(await all(ended)).to.deep.equal([]);
    });
  });
}

describe('a queue without a reader', () => {
  it('fails if it may not drop events', async () => {
    const queue = new EventQueue<number>();
    fill(queue, 0, ROOM + 1);
    const read: number[] = [];
    const error = await failure(
      (async () => {
        for await (const event of queue) read.push(event);
      })(),
    );
    expect(error).to.be.instanceOf(PartialError);
    expect(read).to.have.lengthOf(ROOM);
  });

  it('drops and counts events when full, and accepts more when read', async () => {
    const queue = new DroppingQueue<number>();
    fill(queue, 0, ROOM);
    expect(queue.dropped).to.equal(0);
    fill(queue, ROOM, ROOM + 7);
    expect(queue.dropped).to.equal(7);
    const events = queue[Symbol.asyncIterator]();
    await events.next();
    queue.push(-1);
    queue.end();
    queue.push(-2);
    let last: number | undefined;
    let left = 0;
    for await (const event of events) {
      last = event;
      left++;
    }

    expect(left).to.equal(ROOM);
    expect(last).to.equal(-1);
    expect(queue.dropped).to.equal(7);
  });
});
