import { expect } from 'chai';

import { openCodec } from '../../../src/codecs/open.js';
import { Memory } from '../../../src/stores/array/memory.js';
import { openArray } from '../../../src/stores/array/store.js';
import { FencedLock } from '../../../src/stores/locks/fenced-lock.js';

describe('fences', () => {
  it('start at the time once, however many slots are acquired at once', async () => {
    const profile = { driver: 'array', name: 'test', prefix: '', codec: 'php', protected: false } as const;
    const store = openArray(profile, openCodec('php'), new Memory());
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
  });
});
