import type { Store, Ttl } from '../../stores/contract/store.js';

import { UsageError } from '../../errors.js';
import { formatPreciseDuration } from '../../terminal/durations.js';

/** @throws UsageError for a fraction of a second if the store counts whole seconds */
export function checkLockTtl({ driver, traits }: Pick<Store, 'driver' | 'traits'>, ttl: Ttl): void {
  if (ttl === null || Number.isInteger(ttl) || traits.lockMilliseconds === true) return;
  throw new UsageError(
    `the ${driver} store counts whole seconds, so it cannot hold a lock for ${formatPreciseDuration(ttl)}`,
    `Use --ttl ${Math.ceil(ttl)}s.`,
  );
}

/** Check the TTL of a lock that is kept by renewing it. @throws UsageError if it is too short for that */
export function checkKeptTtl(store: Pick<Store, 'traits' | 'driver'>, ttl: number): void {
  const shortest = store.traits.lockMilliseconds === true ? 0.1 : 2;
  if (ttl < shortest) {
    throw new UsageError(
      `a lock with a TTL of ${formatPreciseDuration(ttl)} could expire before it is renewed`,
      `Use --ttl ${formatPreciseDuration(shortest)} or more; the lock is renewed while the command runs.`,
    );
  }

  checkLockTtl(store, ttl);
}
