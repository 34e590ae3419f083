import { expect } from 'chai';

import type { StoreHarness } from './harness.js';

import { UnsupportedError } from '../errors.js';
import { describeBulk, describeKeys } from './suite/bulk.js';
import { describeEvents } from './suite/events.js';
import { describeFlushing } from './suite/flushing.js';
import { describeInspection } from './suite/inspection.js';
import { describeListing } from './suite/listing.js';
import { describeLockListing } from './suite/lock-listing.js';
import { describeLockWaiting } from './suite/lock-waiting.js';
import { describeLocks } from './suite/locks.js';
import { describePrefixes } from './suite/prefixes.js';
import { describeProcesses } from './suite/processes.js';
import { describeReading } from './suite/reading.js';
import { describeStats } from './suite/stats.js';
import { all, failure, Stores } from './suite/stores.js';
import { describeTagIndex } from './suite/tag-index.js';
import { describeTags } from './suite/tags.js';
import { describeWriting } from './suite/writing.js';

/** Enough for tens of thousands of entries on a slow disk. mocha's default is two seconds. */
const TIMEOUT_MS = 60_000;

/** Run every case of the store contract against a driver. */
export function describeStore(name: string, harness: StoreHarness): void {
  describe(`${name}: the store contract`, function () {
    this.timeout(TIMEOUT_MS);
    const stores = new Stores(harness);
    const { capabilities } = harness;

    before(async function () {
      await harness.before(this);
    });

    afterEach(() => stores.closeAll());

    after(() => harness.after());

    it('declares what it can do', async () => {
      const store = await stores.fresh();
      expect(store.capabilities).to.deep.equal(capabilities);
      expect(store.location).to.match(/\S/);
    });

    it('can be closed twice', async () => {
      const store = await stores.fresh();
      await store.close();
      await store.close();
    });

    describeReading(stores);
    describeWriting(stores);
    describeBulk(stores);
    if (capabilities.listing) {
      describeKeys(stores);
      if (harness.has?.includes('entries')) describeListing(stores);
    } else refuses('keys to list', async () => all((await stores.fresh()).keys()));
    if (capabilities.tags) describeTags(stores);
    else refuses('tags', async () => (await stores.fresh()).tags(['a']));

    it(`can${capabilities.tagListing === 'none' ? 'not' : ''} list tags`, async () => {
      expect((await stores.fresh()).tagIndex !== undefined).to.equal(capabilities.tagListing !== 'none');
    });
    if (capabilities.tagListing !== 'none') describeTagIndex(stores);
    if (capabilities.locks) {
      describeLocks(stores);
      describeLockWaiting(stores);
    } else refuses('locks', async () => (await stores.fresh()).lock('a'));

    it(`can${capabilities.lockListing ? '' : 'not'} list the locks that are held`, async () => {
      expect((await stores.fresh()).locks !== undefined).to.equal(capabilities.lockListing);
    });
    if (capabilities.lockListing) describeLockListing(stores);
    describeStats(stores);
    describeFlushing(stores);
    if (harness.inspects) describeInspection(stores);
    describePrefixes(stores);
    if (capabilities.events.length > 0) describeEvents(stores);
    else refuses('events', async () => (await stores.fresh()).events({ signal: AbortSignal.abort(), enable: true }));
    if (harness.profile) describeProcesses(stores);
  });
}

function refuses(what: string, attempt: () => Promise<unknown>): void {
  it(`says that it has no ${what}`, async () => {
    expect(await failure(attempt())).to.be.instanceOf(UnsupportedError);
  });
}
