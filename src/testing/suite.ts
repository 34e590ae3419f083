import { expect } from 'chai';

import type { StoreHarness } from './harness.js';

import { UnsupportedError } from '../errors.js';
import { OPERATIONS } from '../stores/contract/operations.js';
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
    const hasEvents = harness.eventSources !== undefined;

    before(async function () {
      await harness.before(this);
    });

    afterEach(() => stores.closeAll());

    after(() => harness.after());

    it('declares its traits, its operations and its event sources', async () => {
      const store = await stores.fresh();
      const has = OPERATIONS.filter((operation) => (operation === 'events' ? hasEvents : stores.has(operation)));
      expect(store.traits).to.deep.equal(harness.traits);
      expect(OPERATIONS.filter((operation) => store.supports(operation))).to.deep.equal(has);
      expect(store.eventSources).to.deep.equal(harness.eventSources ?? []);
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
    if (stores.has('keys')) describeKeys(stores);
    else refuses('keys to list', async () => all((await stores.fresh()).keys()));
    if (stores.has('entries')) describeListing(stores);
    if (stores.has('tags')) describeTags(stores);
    else refuses('tags', async () => (await stores.fresh()).tags(['a']));
    if (stores.has('tagIndex')) describeTagIndex(stores);
    if (stores.has('lock')) {
      describeLocks(stores);
      describeLockWaiting(stores);
    } else refuses('locks', async () => (await stores.fresh()).lock('a'));

    if (stores.has('locks')) describeLockListing(stores);
    describeStats(stores);
    describeFlushing(stores);
    if (stores.has('inspect')) describeInspection(stores);
    describePrefixes(stores);
    if (harness.eventSources) describeEvents(stores, harness.eventSources);
    else refuses('events', async () => (await stores.fresh()).events({ signal: AbortSignal.abort(), enable: true }));
    if (harness.profile) describeProcesses(stores);
  });
}

function refuses(what: string, attempt: () => Promise<unknown>): void {
  it(`says that it has no ${what}`, async () => {
    expect(await failure(attempt())).to.be.instanceOf(UnsupportedError);
  });
}
