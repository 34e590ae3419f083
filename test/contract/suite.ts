/* eslint-disable mocha/no-exports -- a suite that the drivers' tests call */
import type { StoreHarness } from './harness.js';

/** Runs every case of the store contract against one driver. */
export function describeStore(name: string, harness: StoreHarness): void {
  describe(`${name}: the store contract`, () => {
    before(() => harness.before());

    after(() => harness.after());
  });
}
