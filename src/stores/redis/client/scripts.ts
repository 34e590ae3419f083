import type { Connection } from '../connection.js';
import type { Reply, Session } from './command.js';

import { RefusedError } from '../../../errors.js';
import { overlapping } from '../../listing/concurrent.js';
import { count, scanStep } from './replies.js';
import { type SlotsWatch, watchSlots } from './slots.js';

/** Counts the keys, after a look at two keys in different slots. */
const LOOK = `for _, key in ipairs({'a', 'b'}) do
  local answer = redis.pcall('EXISTS', key)
  if type(answer) == 'table' and answer.err and string.find(answer.err, 'slot', 1, true) then return answer end
end
redis.call('SCAN', '0')
return redis.call('DBSIZE')`;

/**
 * In the error for a key that another node of a cluster has. It is a key of a slot that moved, which the slots watch
 * detects, or one that was left behind and that no client can reach.
 */
export const FOREIGN = 'non local key';

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

/** The servers whose scripts together see every key. */
export interface ScriptNodes {
  /** One on a single server, the primaries of a cluster. There, a command in a script can name only one key. */
  readonly nodes: readonly Session[];
  /** Check it after the last step. */
  readonly slots: SlotsWatch;
}

/**
 * Undefined where scripts cannot see every key: behind a proxy, which may answer SCAN for all of its servers but runs a
 * script on one, where scripts are forbidden, and while slots of a cluster move.
 */
export async function scriptNodes(connection: Connection): Promise<ScriptNodes | undefined> {
  // This detects a node of a cluster.
  const slots = await watchSlots(connection);
  if (slots.areMoving || (connection.keysApart && !connection.isCluster)) return undefined;
  const nodes = connection.isCluster ? await connection.nodes() : [connection];
  const seeAll = await Promise.all(nodes.map(async (node) => seesAllKeys(node)));
  return seeAll.every(Boolean) ? { nodes, slots } : undefined;
}

/** A script that scans the keys of one server, step by step. */
export interface ScanScript {
  /** Its arguments are STEP_US, the cursor and `args`. It returns the next cursor and `width` results. */
  readonly script: string;
  readonly args: ReadonlyArray<Buffer | number | string>;
  readonly width: number;
}

/** Yield what each step found on one server. Yields undefined and ends if the server refuses the first step. */
export async function* scanSteps(
  node: Session,
  { script, args, width }: ScanScript,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly Reply[] | undefined, void> {
  const step = async (cursor: string): Promise<Reply> => node.call('EVAL', script, 0, STEP_US, cursor, ...args);
  let reply = await unlessRefused(step('0'));
  if (reply === undefined) yield;
  while (reply !== undefined) {
    const { cursor, found } = scanStep(reply, width);
    yield found;
    if (cursor === '0') return;
    signal?.throwIfAborted();
    reply = await step(cursor);
  }
}

/** Work on all servers at once. After a failure on one, the others end with their current step. */
export async function onAll(
  nodes: readonly Session[],
  signal: AbortSignal | undefined,
  work: (node: Session, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failure = new AbortController();
  const either = signal === undefined ? failure.signal : AbortSignal.any([signal, failure.signal]);
  await overlapping(nodes, nodes.length + 1, async (node) => {
    try {
      await work(node, either);
    } catch (error) {
      failure.abort(error);
      throw error;
    }
  });
}

async function seesAllKeys(node: Session): Promise<boolean> {
  const [before, seen, after] = await node.batch([['DBSIZE'], ['EVAL', LOOK, 0], ['DBSIZE']]);
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
