import type { Connection } from '../connection.js';
import type { Reply } from './command.js';

import { RefusedError } from '../../../errors.js';
import { count } from './replies.js';

/** Looks at any key, of any two slots, and tells how many there are. */
const LOOK = `for _, key in ipairs({'a', 'b'}) do
  local answer = redis.pcall('EXISTS', key)
  if type(answer) == 'table' and answer.err and string.find(answer.err, 'slot', 1, true) then return answer end
end
redis.call('SCAN', '0')
return redis.call('DBSIZE')`;

/** For how long a script may go on, in microseconds: the server serves nobody else meanwhile. */
export const STEP_US = 4000;

/** Keys that are looked at between two looks at the clock. */
export const PAGE = 200;

/** Pages of one step, where the clock says nothing of use. */
export const MOST_PAGES = 25;

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
 * The part of a script that goes by how names begin. `heads` has, by their first bytes, what stands from ARGV[from] on; of
 * a key whose byte `first` is among those, `beginsSo` tells whether it goes on as one of them.
 */
export const HEADS = `local byte, sub, heads = string.byte, string.sub, {}
local function takeHeads(from)
  for at = from, #ARGV do
    local initial = byte(ARGV[at])
    heads[initial] = heads[initial] or {}
    table.insert(heads[initial], ARGV[at])
  end
end
local function beginsSo(key, first)
  for _, head in ipairs(heads[byte(key, first)]) do
    if sub(key, first, first + #head - 1) == head then return true end
  end
  return false
end
`;

/**
 * Whether a script on this server sees every key that we see. A cluster's node does not, nor does a proxy's, which may
 * answer SCAN for all of its servers and yet run a script on one of them. Where scripts are forbidden they see nothing.
 */
export async function scriptsSeeAllKeys(connection: Connection): Promise<boolean> {
  // Finds out whether the server is one of several.
  await connection.nodes();
  if (connection.keysApart) return false;
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
