import { expect } from 'chai';

import { readPages } from '../../../src/features/transfer/entry-reader.js';
import { Tally } from '../../../src/features/transfer/tally.js';
import { pageAt } from '../../../src/stores/contract/listing.js';
import { scratchFolder } from '../../support/scratch.js';
import { sqliteStoreIn } from '../../support/sqlite-store.js';

const HOUR_MS = 3_600_000;

describe('entries read from a store', () => {
  const folder = scratchFolder('entry-reader');

  it('have TTLs that count from when the store read them, however late the page arrives', async () => {
    const store = sqliteStoreIn(folder);
    await store.put('key', { type: 'null' }, 60);
    const readAt = Date.now() - HOUR_MS;
    const late = Object.assign(Object.create(store) as typeof store, {
      async *entries() {
        for await (const page of store.entries!({ contents: true })) yield pageAt(page, undefined, readAt);
      },
    });
    const { signal } = new AbortController();
    const options = { pattern: '*', signal, asStored: false, valueOf: () => 'null', tally: new Tally() };
    const pages = [];
    for await (const page of readPages(late, options)) pages.push(page);
    expect(pages.map((page) => page.readAt)).to.deep.equal([readAt]);
    await store.close();
  });

  it('are from the second in which SQLite compared their expirations with the clock', async () => {
    const store = sqliteStoreIn(folder);
    for await (const { readAt } of store.entries!({ contents: true })) {
      expect(readAt! % 1000).to.equal(0);
      expect(Date.now() - readAt!).to.be.within(0, HOUR_MS);
    }

    await store.close();
  });
});
