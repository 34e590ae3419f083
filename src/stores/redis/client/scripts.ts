import type { Connection } from '../connection.js';
import type { Reply } from './command.js';

import { RefusedError } from '../../../errors.js';
import { count } from './replies.js';

/** Counts the keys, after a look at two keys in different slots. */
const LOOK = `for _, key in ipairs({'a', 'b'}) do
  local answer = redis.pcall('EXISTS', key)
  if type(answer) == 'table' and answer.err and string.find(answer.err, 'slot', 1, true) then return answer end
end
redis.call('SCAN', '0')
return redis.call('DBSIZE')`;

/** The time limit of a script, in microseconds. The server serves no other client while a script runs. */
export const STEP_US = 4000;

/** Keys to process between two looks at the clock. */
export const PAGE = 200;

/** Pages per script call if the clock cannot be used. */
export const MAX_PAGES = 25;

/**
 * Lua for a script with a time limit: `isLate()` returns true after ARGV[1] microseconds. It uses the server's clock,
 * because the server's busy time counts and not the network. Where TIME is not allowed, it is late at once.
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
 * Lua for matching key heads. `takeHeads` groups ARGV[from] and later by first byte in `heads`. `beginsSo` returns
 * whether a key, from byte `first` on, starts with one of them; `heads` must have that byte.
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
 * Whether a script on this server sees every key. It does not on a cluster node, nor behind a proxy, which may answer
 * SCAN for all of its servers but runs a script on one. Where scripts are forbidden, they see no key.
 */
export async function scriptsSeeAllKeys(connection: Connection): Promise<boolean> {
  // This detects a node of a cluster.
  await connection.nodes();
  if (connection.keysApart) return false;
  const [before, seen, after] = await connection.batch([['DBSIZE'], ['EVAL', LOOK, 0], ['DBSIZE']]);
  // On a busy server the number changes. A false negative only costs time.
  return [before, seen, after].every((reply) => !(reply instanceof RefusedError)) && isEither(seen!, before!, after!);
}

/** The reply, or undefined if the server refuses. Some servers run scripts but allow only the keys that were named. */
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
