import { expect } from 'chai';

import { FencedLock } from '../../../src/stores/locks/fenced-lock.js';
import { scratchFolder } from '../../support/scratch.js';
import { sqliteStoreIn } from '../../support/sqlite-store.js';

describe('fences', () => {
  const folder = scratchFolder('fences');

  it('start at the time once, however many slots are acquired at once', async () => {
    const store = sqliteStoreIn(folder);
    const before = BigInt(Date.now());
    const slots = Array.from(
      { length: 8 },
      (_, index) => new FencedLock(store, 'import', store.lock(`import${index}`)),
    );
    expect(await Promise.all(slots.map(async (slot) => slot.acquire('ann', 60)))).to.not.include(false);
    const begun = slots.map(({ fence }) => fence!).sort((one, other) => (one < other ? -1 : 1))[0]!;
    expect(begun > before && begun <= BigInt(Date.now()) + 1n).to.equal(true);
    const inTurn = slots.map((_, index) => begun + BigInt(index));
    expect(slots.map(({ fence }) => fence)).to.have.members(inTurn);
    await store.close();
  });
});
