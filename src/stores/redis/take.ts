import type { Reply } from './client/command.js';
import type { Connection } from './connection.js';

import { WrongTypeError } from '../../errors.js';
import { isGone, list } from './client/replies.js';
import { isUnavailable } from './errors.js';
import { transact } from './guarded-key.js';

/** The replies to PTTL and GET for a key that was deleted. */
type Taken = [pttl: Error | Reply, value: Error | Reply];

/**
 * PTTL and GETDEL in one step: for servers before 6.2, which lack GETDEL, and for clusters, where a slot migration can
 * reorder two commands.
 */
const TAKE = `local value = redis.pcall('GET', KEYS[1])
if type(value) == 'table' then return value end
local pttl = redis.call('PTTL', KEYS[1])
redis.call('DEL', KEYS[1])
return {tostring(pttl), value}`;

/** The PTTL reply for a key without a TTL. */
const NEVER_EXPIRES = '-1';

/** Read the TTL and the value of a stored key, and delete it. */
export async function take(connection: Connection, full: string): Promise<Taken> {
  if (!connection.isCluster) {
    const [pttl, value] = await connection.batch([
      ['PTTL', full],
      ['GETDEL', full],
    ]);
    // The key was written between the two commands, so its TTL is unknown.
    if (!isUnavailable(value)) return [isGone(pttl!) ? NEVER_EXPIRES : pttl!, value!];
  }

  const [taken] = await connection.batch([['EVAL', TAKE, 1, full]]);
  if (isUnavailable(taken)) return takeByTransaction(connection, full);
  const [pttl, value] = Array.isArray(taken) ? list(taken, 2) : [null, taken];
  return [pttl!, value!];
}

async function takeByTransaction(connection: Connection, full: string): Promise<Taken> {
  let taken: Buffer | null = null;
  try {
    const replies = await transact(connection, full, (held) => {
      taken = held;
      return held === null
        ? undefined
        : [
            ['PTTL', full],
            ['DEL', full],
          ];
    });
    return [replies?.[0] ?? null, replies === undefined ? null : taken];
  } catch (error) {
    if (error instanceof WrongTypeError) return [null, error];
    throw error;
  }
}
