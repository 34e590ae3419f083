import type { Codec } from '../../codecs/codec.js';
import type { Driver } from '../../define-driver.js';
import type { CustomProfile } from '../../profiles/profile.js';
import type { DriverStore, OpenOptions, Store } from '../contract/store.js';

import { withTimeout } from '../../async.js';
import { ConfigError, TimeoutError } from '../../errors.js';
import { loadDriver } from '../../profiles/drivers/load-module.js';
import { completeStore } from '../complete-store.js';
import { faultOf, membersOf } from './shape.js';

/**
 * Open the store of a custom driver. Its members are checked; the contract suite tests their behaviour.
 * @throws ConfigError, TimeoutError
 */
export async function openCustom(profile: CustomProfile, codec: Codec, options: OpenOptions): Promise<Store> {
  const subject = `driver ${JSON.stringify(profile.module)} of profile ${profile.name}`;
  const driver = await loadDriver(profile.moduleUrl, subject);
  const store = await withTimeout(opened(driver, profile, codec, options), options.timeoutMs, () => {
    const message = `${subject} did not open its store within ${options.timeoutMs / 1000} s`;
    return new TimeoutError(message, 'Check that its server is running, or allow more time with --timeout 30s.');
  });
  const fault = faultOf(store);
  if (fault === undefined) return completeStore(membersOf(store as DriverStore));
  throw new ConfigError(
    `${subject} did not return a store from open(): ${fault}`,
    'Its open() must return a DriverStore. See docs/custom-drivers.md, and test it with describeStore of cachectl/testing.',
  );
}

async function opened(driver: Driver, profile: CustomProfile, codec: Codec, options: OpenOptions): Promise<unknown> {
  const { name, prefix, options: values } = profile;
  return driver.open({ profile: name, prefix, codec, options: values }, options);
}
