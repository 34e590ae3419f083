import type { ListLocksOptions } from '../lock-contract.js';
import type { Reply } from './connection.js';
import type { Room } from './entries.js';

import { literalHead } from '../glob.js';
import { LARAVEL_OWNER_LENGTH } from '../lock-families.js';
import { LARAVEL_LOCK_HEADS, OWNER_PREFIX } from '../lock-form.js';
import { underPrefix } from './keys.js';
import { CLOCK, HEADS, MOST_PAGES, PAGE, scriptsSeeAllKeys, STEP_US, unlessRefused } from './scripts.js';

/** What one step hands out at most, in bytes, but for the page that goes beyond. */
const MOST_BYTES = 256 * 1024;

/**
 * Some pages of a scan, as many as fit into its share of time, of which only what may be a lock is handed out: its key, the
 * beginning of its value, and PTTL. That is what begins with cachectl's `owner`, is `random` characters of what Laravel
 * makes owners of (0 where entries may look so, too), or has a name that begins so; or `all`. Tags' sets, what is empty,
 * and what is no string is none; a look that fails otherwise is an error.
 */
const STEP = `${CLOCK}${HEADS}local cursor, pattern, size, most = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local owner, random, last, mostBytes = ARGV[6], tonumber(ARGV[7]), ARGV[8], tonumber(ARGV[9])
local all, first = ARGV[10] == '1', tonumber(ARGV[11]) + 1
takeHeads(12)
local find, type, pcall = string.find, type, redis.pcall
local short = math.max(#owner, random + 1)
local lastOfShort = tostring(short - 1)
local found, bytes = {}, 0
local function mayBeLock(key, value)
  return all or sub(value, 1, #owner) == owner or (#value == random and find(value, '^%w+$'))
    or (heads[byte(key, first)] and beginsSo(key, first))
end
local function look(key)
  if find(key, '^tag:.*:entries$', first) then return end
  local value = pcall('GETRANGE', key, '0', lastOfShort)
  if type(value) == 'table' then return not find(value.err, 'WRONGTYPE', 1, true) and value end
  if value == '' or not mayBeLock(key, value) then return end
  if #value == short then value = pcall('GETRANGE', key, '0', last) end
  local pttl = pcall('PTTL', key)
  if type(pttl) == 'table' then return pttl end
  local at = #found
  found[at + 1], found[at + 2], found[at + 3] = key, value, tostring(pttl)
  bytes = bytes + #key + #value
end
local pages = 0
repeat
  local page = pcall('SCAN', cursor, 'MATCH', pattern, 'COUNT', size)
  if page.err then return page end
  for _, key in ipairs(page[2]) do
    local failure = look(key)
    if failure then return failure end
  end
  cursor, pages = page[1], pages + 1
until cursor == '0' or pages >= most or bytes >= mostBytes or isLate()
return {cursor, found}`;

/** What may be a lock, to be told by whoever asked. */
export interface Held {
  /** Full. */
  readonly key: Buffer;
  /** Of the value. */
  readonly head: Buffer;
  readonly pttl: Reply;
}

/**
 * Lets the server go through its keys, a step at a time so that it is never held up, and gives what each step finds. The
 * first step is done by then.
 * @param longest bytes of each value
 * @returns undefined where the server does not let a script do that, or where a script cannot see what it would look for
 */
export async function sweepLocks(
  room: Room,
  { signal, pattern }: ListLocksOptions,
  longest: number,
): Promise<AsyncGenerator<readonly Held[]> | undefined> {
  const { lockConnection: connection, keys, packing } = room;
  if (!packing.texts.areBare || !(await scriptsSeeAllKeys(connection))) return undefined;
  const named = pattern === undefined ? [] : [literalHead(pattern)];
  const heads = [...LARAVEL_LOCK_HEADS, ...named].filter((head) => head !== '');
  const random = packing.ownersStandOut ? LARAVEL_OWNER_LENGTH : 0;
  const pages = [underPrefix(keys), PAGE, MOST_PAGES] as const;
  const what = [OWNER_PREFIX, random, longest - 1, MOST_BYTES, named.includes('') ? 1 : 0] as const;
  const how = [...pages, ...what, Buffer.byteLength(keys.prefix), ...heads] as const;
  const step = async (cursor: string): Promise<Reply> => connection.call('EVAL', STEP, 0, STEP_US, cursor, ...how);
  const first = await unlessRefused(step('0'));
  return first === undefined ? undefined : steps(first, step, signal);
}

async function* steps(
  first: Reply,
  step: (cursor: string) => Promise<Reply>,
  signal?: AbortSignal,
): AsyncGenerator<readonly Held[]> {
  for (let reply = first; ;) {
    const [next, found] = reply as readonly [Buffer, ReadonlyArray<Buffer>];
    yield heldOf(found);
    if (String(next) === '0') return;
    signal?.throwIfAborted();
    reply = await step(String(next));
  }
}

function heldOf(found: readonly Buffer[]): Held[] {
  return Array.from({ length: found.length / 3 }, (_, index) => {
    const [key, head, pttl] = found.slice(3 * index, 3 * index + 3);
    return { key: key!, head: head!, pttl: String(pttl) };
  });
}
