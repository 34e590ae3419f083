import type { LockClient } from '../../stores/contract/locks.js';
import type { LockHolder, Ttl } from '../../stores/contract/store.js';

import { nameText, ownerField, ownerText } from '../../stores/locks/description.js';
import { readOwner } from '../../stores/locks/owner.js';
import { formatDuration } from '../../terminal/durations.js';

/** Who holds a lock and for how long, for someone who could not acquire it. */
export function heldText(name: string, holder: LockHolder | undefined): string {
  return holder === undefined
    ? `${nameText(name)} was held, and is free now`
    : `${nameText(name)} is ${heldByText(holder)}`;
}

/** `held by ann, for another 9m 59s`. */
export function heldByText(holder: LockHolder): string {
  return `held by ${ownerText(holder)}${forText(holder.ttl)}`;
}

/** Why an owner cannot release or refresh a lock. */
export function notYoursText(name: string, holder: LockHolder | undefined): string {
  if (holder === undefined) return `${nameText(name)} is not held: it expired or was released`;
  return `not yours: ${heldText(name, holder)}`;
}

function forText(ttl: Ttl | undefined): string {
  if (ttl === undefined) return '; the store does not report for how long';
  return ttl === null ? ', and it never expires' : `, for another ${formatDuration(ttl)}`;
}

/** The owner and client in an event. */
export interface Who {
  readonly owner?: string | undefined;
  readonly client?: LockClient | undefined;
}

/** Describe an owner and client briefly: user, host and process of a token, address and name of a client. */
export function whoText({ owner, client }: Who): string {
  const own = owner === undefined ? undefined : readOwner(owner);
  const printed = owner === undefined ? undefined : (ownerField(owner) ?? undefined);
  const known = own === undefined ? printed : `${own.who} process ${own.pid}`;
  const parts = [known, client?.address, client?.name === 'cachectl' ? undefined : client?.name];
  return parts.filter((part) => part !== undefined && part !== '').join(', ') || 'unknown client';
}
