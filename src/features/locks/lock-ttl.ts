import type { Store, Ttl } from '../../stores/contract/store.js';

import { UsageError } from '../../errors.js';
import { formatPreciseDuration } from '../../terminal/durations.js';

/** @throws UsageError for a fraction of a second where the store counts whole ones */
export function checkLockTtl({ driver, traits }: Pick<Store, 'driver' | 'traits'>, ttl: Ttl): void {
  if (ttl === null || Number.isInteger(ttl) || traits.lockMilliseconds === true) return;
  throw new UsageError(
    `the ${driver} store counts whole seconds, so it cannot hold a lock for ${formatPreciseDuration(ttl)}`,
    `Write --ttl ${Math.ceil(ttl)}s.`,
  );
}
