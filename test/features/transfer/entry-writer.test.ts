import { expect } from 'chai';

import type { TransferEntry } from '../../../src/features/transfer/entry.js';

import { integer } from '../../../src/codecs/value.js';
import { EntryWriter } from '../../../src/features/transfer/entry-writer.js';
import { Tally } from '../../../src/features/transfer/tally.js';
import { scratchFolder } from '../../support/scratch.js';
import { sqliteStoreIn } from '../../support/sqlite-store.js';

const HOUR = 3600;
const DAY = 24 * HOUR;

function entry(key: string, ttl: null | number): TransferEntry {
  return { key, tags: [], ttl, value: integer(1) };
}

describe('entries between two stores', () => {
  const folder = scratchFolder('entry-writer');

  it('lose the time since they were read from their TTL, and count as expired at its end', async () => {
    const store = sqliteStoreIn(folder);
    const tally = new Tally();
    const { signal } = new AbortController();
    const writer = new EntryWriter(store, { ifAbsent: false, signal, tally, onWritten() {} });
    const entries = [entry('long', 10 * DAY), entry('over', 23 * HOUR), entry('forever', null)];
    await writer.write(entries, Date.now() - DAY * 1000);
    expect(tally).to.include({ written: 2, expired: 1, failed: 0 });
    expect((await store.get('long'))?.ttl).to.be.closeTo(9 * DAY, HOUR);
    expect(await store.get('over')).to.equal(undefined);
    expect((await store.get('forever'))?.ttl).to.equal(null);
    await store.close();
  });
});
