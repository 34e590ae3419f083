import type { LockHolder } from '../stores/contract.js';

import { formatDuration } from './durations.js';

/** Who holds a lock and for how long, for whoever did not get it. */
export function heldText(name: string, holder: LockHolder | undefined): string {
  if (holder === undefined) return `${name} was held, and is free now`;
  const left = holder.ttl === null ? 'and it never expires' : `for another ${formatDuration(holder.ttl)}`;
  return `${name} is held by ${holder.owner}, ${left}`;
}
