import type { Context } from 'mocha';

import type { CustomProfile, DriverOption } from '../profiles/profile.js';
import type { StoreHarness, StoreOptions } from './harness.js';

import { openStore } from '../stores/open.js';

/** A driver made with defineDriver, and what its tests need. */
export interface DriverUnderTest extends Omit<StoreHarness, 'after' | 'before' | 'open' | 'profile'> {
  /** The driver's module, as a profile names it: `new URL('../driver.mjs', import.meta.url)`. */
  readonly module: URL;
  /** Start the server or create the folder, once before all cases. */
  before?(context: Context): Promise<void> | void;
  /** Undo `before`, once after all cases. */
  after?(): Promise<void> | void;
  /** The driver's own keys as read from a profile: absolute paths, with defaults. Called after `before`. */
  options(): Readonly<Record<string, DriverOption>>;
}

/**
 * Return the harness for `describeStore`. It loads, checks and opens the driver as cachectl does, in this process and
 * in child processes.
 */
export function driverHarness({ module, before, after, options, ...harness }: DriverUnderTest): StoreHarness {
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
    ...harness,
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

/** Enough for a machine that is busy with other tests. */
const TIMEOUT_MS = 20_000;
