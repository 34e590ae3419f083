import type { Connection, Reply } from './connection.js';

import { RefusedError } from '../../errors.js';
import { count } from './replies.js';

/** Looks at any key, and tells how many there are. */
const LOOK = `redis.call('SCAN', '0') return redis.call('DBSIZE')`;

/** For how long a script may go on, in microseconds: the server serves nobody else meanwhile. */
export const STEP_US = 4000;

/**
 * The beginning of a script that ends in time: `isLate()` tells whether it has had its share (ARGV[1], in microseconds).
 * The clock is the server's own, since it is busy that counts and not the way to it; where the clock may not be asked, it
 * is late at once.
 */
export const CLOCK = `local function now()
  local time = redis.pcall('TIME')
  return not time.err and time[1] * 1000000 + time[2]
end
local begin, share = now(), tonumber(ARGV[1])
local function isLate()
  local time = begin and now()
  return not time or time - begin >= share or time < begin
end
`;

/**
 * Whether a script on this server sees every key that we see. A cluster's node does not, nor does a proxy's, which may
 * answer SCAN for all of its servers and yet run a script on one of them. Where scripts are forbidden they see nothing.
 */
export async function scriptsSeeAllKeys(connection: Connection): Promise<boolean> {
  if (connection.isCluster) return false;
  const [before, seen, after] = await connection.batch([['DBSIZE'], ['EVAL', LOOK, 0], ['DBSIZE']]);
  // On a busy server the number changes; one that is unlucky enough takes the longer way.
  return [before, seen, after].every((reply) => !(reply instanceof RefusedError)) && isEither(seen!, before!, after!);
}

/** The answer, or undefined when the server refuses: it may run scripts and yet not give them keys that were not named. */
export async function unlessRefused(answer: Promise<Reply>): Promise<Reply | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof RefusedError) return undefined;
    throw error;
  }
}

function isEither(wanted: Error | Reply, ...replies: ReadonlyArray<Error | Reply>): boolean {
  return replies.some((reply) => count(reply) === count(wanted));
}
