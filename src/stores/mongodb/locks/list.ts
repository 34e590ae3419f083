import type { ListedLock, ListLocksOptions } from '../../contract/locks.js';
import type { MongodbContext } from '../context.js';

import { PAGE_SIZE } from '../../listing/batches.js';
import { isLive, later } from '../expiry.js';
import { idsUnder, mutexIdsUnder } from '../keys.js';
import { AS_STORED } from '../values.js';
import { holderOf } from './held-document.js';

/** Held locks under the prefix, ordered by `_id`; then scheduler mutexes among the entries. */
export async function* heldLocks(
  { connection, prefix }: MongodbContext,
  { signal }: ListLocksOptions = {},
): AsyncGenerator<ListedLock> {
  signal?.throwIfAborted();
  const listed = connection.stream(async function* ({ locks, now }, answers) {
    const found = locks
      .find({ _id: idsUnder(prefix), expires_at: later(now()) }, AS_STORED)
      .sort({ _id: 1 })
      .batchSize(PAGE_SIZE);
    for await (const document of answers(found)) {
      const at = now();
      // It may have expired while earlier ones were read.
      if (isLive(document.expires_at, at))
        yield { name: String(document._id), ...holderOf(document.owner, document.expires_at, at) };
    }
  });
  for await (const { name, ...holder } of listed) {
    signal?.throwIfAborted();
    yield { name: name.slice(prefix.length), ...holder, detectedBy: 'place' };
  }

  const mutexes = connection.stream(async function* ({ entries, now }, answers) {
    const found = entries
      .find({ _id: mutexIdsUnder(prefix), expires_at: later(now()) }, AS_STORED)
      .sort({ _id: 1 })
      .batchSize(PAGE_SIZE);
    for await (const { _id, value: owner, expires_at } of answers(found)) {
      const at = now();
      if (isLive(expires_at, at)) yield { name: String(_id), ...holderOf(owner, expires_at, at) };
    }
  });
  for await (const { name, ...holder } of mutexes) {
    signal?.throwIfAborted();
    yield { name: name.slice(prefix.length), ...holder, detectedBy: 'family' };
  }
}
