import { expect } from 'chai';
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { overlapping } from '../../../src/stores/listing/concurrent.js';
import { failure } from '../../../src/testing/suite/stores.js';

/** Yield 1, 2, 3…, each after everything else that is ready to run. */
async function* numbers(last: number): AsyncGenerator<number> {
  for (let number = 1; number <= last; number++) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    yield number;
  }
}

describe('overlapping work', () => {
  it('runs up to the limit at once', async () => {
    let atWork = 0;
    let most = 0;
    const done: number[] = [];
    const three = new AbortController();
    const areAtWork = once(three.signal, 'abort');
    await overlapping(numbers(10), 3, async (number) => {
      most = Math.max(most, ++atWork);
      if (atWork === 3) three.abort();
      await areAtWork;
      await nextTurn();
      atWork--;
      done.push(number);
    });
    expect(most).to.equal(3);
    expect(done).to.have.lengthOf(10);
  });

  it('throws a failure that happens while it waits for the next item', async () => {
    const refused = new Error('refused');
    const begun: number[] = [];
    const error = await failure(
      overlapping(numbers(10), 4, async (number) => {
        begun.push(number);
        if (number === 1) throw refused;
      }),
    );
    expect(error).to.equal(refused);
    expect(begun.length).to.be.within(1, 2);
  });

  it('throws the error of the source after the running work has ended', async () => {
    const broken = new Error('broken');
    async function* source(): AsyncGenerator<number> {
      yield 1;
      throw broken;
    }

    let isOver = false;
    const work = async (): Promise<void> => {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      isOver = true;
    };

    expect(await failure(overlapping(source(), 2, work))).to.equal(broken);
    expect(isOver).to.be.true;
  });
});
