import type { Waiter } from '../../contract/locks.js';
import type { Connection } from '../connection.js';
import type { Deployment } from '../deployment.js';

import { mayRun } from '../../locks/process.js';
import { LEASE_S, type WaiterRecord, type WaiterRecords, waitersOf, type WaitsFor } from '../../locks/waiters.js';
import { later, notLater } from '../expiry.js';

/** The maximum number of documents to read. */
const MAX_DOCUMENTS = 1000;

/**
 * Documents of the collection `cachectl_waiters`, which stays when it is empty: MongoDB cannot drop a collection only
 * if nobody has just written to it.
 */
export function waiterRecords(connection: Connection): WaiterRecords {
  const renew = async (record: WaiterRecord): Promise<void> =>
    connection.run(async (deployment) => writeWaiter(deployment, record));
  return {
    async join(record) {
      await renew(record);
      await connection
        .run(async (deployment) => removeStaleWaiters(deployment, record))
        .catch(() => {
          // The next waiter removes them.
        });
    },
    renew,
    async leave(token) {
      await connection.run(async ({ waiters }) => waiters.deleteOne({ _id: token }));
    },
  };
}

/** The waiters of a lock, in order of arrival. */
export async function liveWaiters({ waiters, now }: Deployment, { table, lock }: WaitsFor): Promise<readonly Waiter[]> {
  const found = await waiters
    .find({ collection: table, lock, expires_at: later(now()) })
    .sort({ since: 1, _id: 1 })
    .limit(MAX_DOCUMENTS)
    .toArray();
  return waitersOf(found);
}

async function writeWaiter(
  { waiters, now }: Deployment,
  { token, table: collection, ...fields }: WaiterRecord,
): Promise<void> {
  const expires_at = new Date(now() + LEASE_S * 1000);
  await waiters.updateOne({ _id: token }, { $set: { collection, ...fields, expires_at } }, { upsert: true });
}

async function removeStaleWaiters(
  { waiters, now }: Deployment,
  { token, table: collection, lock, owner, host, space, pid }: WaiterRecord,
): Promise<void> {
  await waiters.deleteMany({ expires_at: notLater(now()) });
  await waiters.deleteMany({ _id: { $ne: token }, host, space, pid, collection, lock, owner });
  const here = await waiters.find({ host, space }).limit(MAX_DOCUMENTS).toArray();
  const gone = here.filter((each) => !mayRun(each)).map(({ _id }) => _id);
  if (gone.length > 0) await waiters.deleteMany({ _id: { $in: gone } });
}
