import type { LockHolder, Ttl } from '../stores/contract.js';

import { string } from '../codecs/value.js';
import { formatDuration } from './durations.js';
import { valueLine } from './value-text.js';

/** Who holds a lock and for how long, for whoever did not get it. */
export function heldText(name: string, holder: LockHolder | undefined): string {
  if (holder === undefined) return `${name} was held, and is free now`;
  return `${name} is held by ${ownerText(holder)}${leftText(holder.ttl)}`;
}

function leftText(ttl: Ttl | undefined): string {
  if (ttl === undefined) return '; the store does not tell for how long';
  return ttl === null ? ', and it never expires' : `, for another ${formatDuration(ttl)}`;
}

/** Whoever can write to the cache can name an owner, so what would steer a terminal is quoted. */
export function ownerText({ owner }: LockHolder): string {
  return valueLine(string(owner));
}
