import type { Context } from 'mocha';

import type { CustomProfile, DriverOption } from '../profiles/profile.js';
import type { Capabilities } from '../stores/contract/store.js';
import type { StoreHarness, StoreOptions } from './harness.js';

import { openStore } from '../stores/open.js';

/** A driver that was made with defineDriver, and what its tests need. */
export interface DriverUnderTest {
  /** The driver's module, the one that a profile names: `new URL('../driver.mjs', import.meta.url)`. */
  readonly module: URL;
  /** What the driver must declare. */
  readonly capabilities: Capabilities;
  /** Starts the server or makes the folder; once, before all cases. */
  before?(context: Context): Promise<void> | void;
  /** Undoes `before`; once, after all cases. */
  after?(): Promise<void> | void;
  /** The driver's own keys, as they are after a profile was read: paths absolute, defaults filled in. Asked after `before`. */
  options(): Readonly<Record<string, DriverOption>>;
}

/**
 * What `describeStore` needs, for a driver that is a module: it is loaded, checked and opened as cachectl does it, in
 * this process and in others beside it.
 */
export function driverHarness({ module, capabilities, before, after, options }: DriverUnderTest): StoreHarness {
  const profile = ({ prefix }: StoreOptions): CustomProfile => ({
    driver: 'custom',
    name: 'test',
    prefix,
    codec: 'php',
    protected: false,
    module: module.pathname,
    moduleUrl: module.href,
    options: options(),
  });
  return {
    capabilities,
    async before(context) {
      await before?.(context);
    },
    async after() {
      await after?.();
    },
    open: async (at) => openStore(profile(at), { timeoutMs: TIMEOUT_MS }),
    profile,
  };
}

/** Time enough for a machine that is busy with other tests. */
const TIMEOUT_MS = 20_000;
