import { MongoServerError } from 'mongodb';

import { CachectlError, TimeoutError, UnreachableError } from '../../../errors.js';

/** Error codes of a member that shuts down or is no longer the primary. Another one will take over. */
const TRANSIENT = new Set([91, 189, 10_107, 11_600, 11_602, 13_435, 13_436]);

/** Whether trying again later may help. */
export function isTransient(error: CachectlError): boolean {
  if (error instanceof UnreachableError || error instanceof TimeoutError) return true;
  const { cause } = error;
  if (!(cause instanceof MongoServerError)) return false;
  return TRANSIENT.has(Number(cause.code)) || cause.hasErrorLabel('ResumableChangeStreamError');
}

/**
 * BSONObjectTooLarge (a change of more than 16 MB), CappedPositionLost, CloseChangeStream, InvalidResumeToken,
 * ChangeStreamFatalError and ChangeStreamHistoryLost: resuming there fails again.
 */
const NOT_RESUMABLE = new Set([10_334, 136, 222, 260, 280, 286]);

/** Whether a change stream can only start over. */
export function isNotResumable({ cause }: CachectlError): boolean {
  return cause instanceof MongoServerError && NOT_RESUMABLE.has(Number(cause.code));
}
