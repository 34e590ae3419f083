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

/** A lock that is kept by refreshing it. @throws UsageError for a TTL that leaves no time to refresh it */
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
