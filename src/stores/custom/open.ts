import type { Codec } from '../../codecs/codec.js';
import type { Driver } from '../../define-driver.js';
import type { CustomProfile } from '../../profiles/profile.js';
import type { DriverStore, OpenOptions, Store } from '../contract/store.js';

import { ConfigError, TimeoutError } from '../../errors.js';
import { loadDriver } from '../../profiles/drivers/load-module.js';
import { completeStore } from '../complete-store.js';
import { faultOf, membersOf } from './shape.js';

/**
 * The store that a custom driver opens. Its members are checked once; their behaviour is for the contract suite to test.
 * @throws ConfigError
 */
export async function openCustom(profile: CustomProfile, codec: Codec, options: OpenOptions): Promise<Store> {
  const subject = `driver ${JSON.stringify(profile.module)} of profile ${profile.name}`;
  const driver = await loadDriver(profile.moduleUrl, subject);
  const store = await within(options.timeoutMs, subject, async () => opened(driver, profile, codec, options));
  const fault = faultOf(store);
  if (fault === undefined) return completeStore(membersOf(store as DriverStore));
  throw new ConfigError(
    `${subject} opened something that is no store: ${fault}`,
    'Its open() must return a DriverStore. See docs/custom-drivers.md, and test it with describeStore of cachectl/testing.',
  );
}

async function opened(driver: Driver, profile: CustomProfile, codec: Codec, options: OpenOptions): Promise<unknown> {
  const { name, prefix, options: values } = profile;
  return driver.open({ profile: name, prefix, codec, options: values }, options);
}

async function within<T>(milliseconds: number, subject: string, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = `${subject} did not open its store within ${milliseconds / 1000} s`;
      reject(new TimeoutError(message, 'Is what it connects to up? Give it longer with --timeout.'));
    }, milliseconds);
  });
  try {
    return await Promise.race([work(), tooLong]);
  } finally {
    clearTimeout(timer);
  }
}
