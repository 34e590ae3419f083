import type { ListedLock, LockClient, ToldBy, Waiter } from '../../stores/contract/locks.js';
import type { LockHolder } from '../../stores/contract/store.js';
import type { Contender, LockSummary, TimedEvent } from './timeline.js';

import { printable, printKey } from '../../stores/entries/printed-key.js';
import { meaningOf } from '../../stores/locks/families.js';
import { readOwner } from '../../stores/locks/owner.js';
import { ttlField } from '../../terminal/value-text.js';
import { ownerField } from './text.js';

/** What is known of a held lock beyond what the store says: from its name and its owner. */
export function aboutLock(name: string, { owner }: LockHolder) {
  return { ...meaningOf(name, owner), heldSince: readOwner(owner)?.since };
}

/** A lock of `lock:list`. */
export function listedFields(lock: ListedLock) {
  return { ...heldFields(lock.name, lock), toldBy: lock.toldBy };
}

/** The members of a held lock in `--json`. */
export function heldFields(name: string, holder: LockHolder) {
  const { family, meaning, heldSince } = aboutLock(name, holder);
  return {
    name: printKey(name),
    owner: ownerField(holder.owner),
    ttl: ttlField(holder.ttl),
    family,
    meaning: printable(meaning),
    heldSince: heldSince?.toISOString(),
  };
}

export function waiterFields({ owner, address, name, since, attempts }: Waiter) {
  return { owner: owner && printKey(owner), address, client: name, since: since?.toISOString(), attempts };
}

/** A line of `lock:watch --json`. */
export function eventFields({ time, type, name, owner, ttl, client, attempts, held, waited }: TimedEvent) {
  const { address, client: clientName } = clientFields(client);
  const whose = owner === undefined ? undefined : ownerField(owner);
  return {
    time: time.toISOString(),
    type,
    name: printKey(name),
    owner: whose,
    ttl,
    address,
    client: clientName,
    attempts,
    held,
    waited,
  };
}

/** Durations in seconds. */
export function summaryFields({ name, acquisitions, held, waited, refused, contenders }: LockSummary) {
  return {
    name: printKey(name),
    acquisitions,
    held: { count: held.count, median: held.median ?? null, worst: held.worst ?? null },
    waited: { count: waited.count, median: waited.median ?? null, worst: waited.worst ?? null },
    refused,
    contenders: contenders.map((contender) => contenderFields(contender)),
  };
}

export function contenderFields({ owner, client, attempts, since, until }: Contender) {
  return {
    owner: owner && printKey(owner),
    ...clientFields(client),
    attempts,
    since: since.toISOString(),
    until: until.toISOString(),
  };
}

function clientFields(client: LockClient | undefined) {
  return { address: client?.address, client: client?.name };
}

/** How a lock was told to be one, for people: its name is Laravel's for locks, its value an owner, only locks lie there. */
export const TOLD_BY: Readonly<Record<ToldBy, string>> = {
  'cachectl-owner': 'its owner',
  family: 'its name',
  'laravel-owner': 'its value',
  pattern: '--include',
  place: 'its place',
};

/** Somebody in an event. */
export interface Who {
  readonly owner?: string | undefined;
  readonly client?: LockClient | undefined;
}

/** In few words. */
export function whoText({ owner, client }: Who): string {
  const own = owner === undefined ? undefined : readOwner(owner);
  const said = owner === undefined ? undefined : (ownerField(owner) ?? undefined);
  const known = own === undefined ? said : `${own.who} process ${own.pid}`;
  const parts = [known, client?.address, client?.name === 'cachectl' ? undefined : client?.name];
  return parts.filter((part) => part !== undefined && part !== '').join(', ') || 'somebody';
}
