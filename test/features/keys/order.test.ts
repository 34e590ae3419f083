import { expect } from 'chai';

import type { ListedEntry } from '../../../src/stores/contract/listing.js';

import { sorted } from '../../../src/features/keys/order.js';

async function* pages(...listed: ReadonlyArray<readonly ListedEntry[]>): AsyncGenerator<readonly ListedEntry[]> {
  yield* listed;
}

describe('sorted entries', () => {
  it('have a key once, as last seen, though a scan returned it twice with another TTL and size', async () => {
    const first = [
      { key: 'a', size: 30, ttl: 50 },
      { key: 'b', size: 20, ttl: 20 },
    ];
    const second = [
      { key: 'c', size: 10, ttl: 30 },
      { key: 'a', size: 5, ttl: 10 },
    ];
    for (const order of ['key', 'size', 'ttl'] as const) {
      const entries = await sorted(pages(first, second), { order, reverse: false });
      expect(entries.map(({ key }) => key).toSorted(), order).to.deep.equal(['a', 'b', 'c']);
      expect(entries.find(({ key }) => key === 'a')).to.include({ size: 5, ttl: 10 });
    }
  });
});
