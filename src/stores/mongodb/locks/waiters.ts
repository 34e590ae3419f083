import type { Waiter } from '../../contract/locks.js';
import type { Deployment, WaiterDocument } from '../deployment.js';

import { mayRun, processName } from '../../locks/process.js';
import { later, notLater } from '../expiry.js';

/**
 * Who waits for a lock, as waiters themselves write it down: a document each. It counts until its `expires_at`, or until its
 * process is gone; whoever begins to wait next removes it then. The collection stays when it is empty: MongoDB has no way to
 * drop it only if nobody wrote to it just now.
 */
/** Seconds. */
export const LEASE_S = 20;

/** Documents of one answer, at most. */
const MOST = 1000;

/** A lock: of which collection, and by which `_id`, prefix included. */
export interface LockPlace {
  readonly collection: string;
  readonly id: string;
}

/** Writes it down, or that it is still there. */
export async function writeWaiter(
  { waiters, now }: Deployment,
  { _id, ...fields }: Omit<WaiterDocument, 'expires_at'>,
): Promise<void> {
  const expires_at = new Date(now() + LEASE_S * 1000);
  await waiters.updateOne({ _id }, { $set: { ...fields, expires_at } }, { upsert: true });
}

export async function removeWaiter({ waiters }: Deployment, token: string): Promise<void> {
  await waiters.deleteOne({ _id: token });
}

/** Removes what killed processes left, and what `own` itself left when its connection was lost. */
export async function removeStaleWaiters(
  { waiters, now }: Deployment,
  own: Omit<WaiterDocument, 'attempts' | 'expires_at' | 'since'>,
): Promise<void> {
  const { _id, host, space, pid, collection, lock, owner } = own;
  await waiters.deleteMany({ expires_at: notLater(now()) });
  await waiters.deleteMany({ _id: { $ne: _id }, host, space, pid, collection, lock, owner });
  const here = await waiters.find({ host, space }).limit(MOST).toArray();
  const gone = here.filter((each) => !mayRun(each)).map(({ _id }) => _id);
  if (gone.length > 0) await waiters.deleteMany({ _id: { $in: gone } });
}

/** Those that wait for a lock, who came first the first. */
export async function liveWaiters(
  { waiters, now }: Deployment,
  { collection, id }: LockPlace,
): Promise<readonly Waiter[]> {
  const found = await waiters
    .find({ collection, lock: id, expires_at: later(now()) })
    .sort({ since: 1, _id: 1 })
    .limit(MOST)
    .toArray();
  return found.filter((each) => mayRun(each)).map((each) => waiterOf(each));
}

/** Anybody can write to the collection: what is not as it should be is left out. */
function waiterOf(document: WaiterDocument): Waiter {
  const { owner, since, attempts }: Readonly<Record<keyof WaiterDocument, unknown>> = document;
  return {
    name: processName(document),
    ...(typeof owner === 'string' && { owner }),
    ...(since instanceof Date && !Number.isNaN(since.getTime()) && { since }),
    ...(typeof attempts === 'number' && { attempts }),
  };
}
