import type { FlushOptions } from '../../contract/store.js';
import type { LockRule } from '../../locks/rule.js';
import type { Reply } from '../client/command.js';
import type { Connection } from '../connection.js';
import type { Keys } from '../keys.js';

import { LARAVEL_LOCK_HEADS, OWNER_PREFIX } from '../../locks/names.js';
import { IS_OWNER, OWNER_HEAD_BYTES } from '../../locks/rule.js';
import { TAG_SET_HEAD } from '../../tags/names.js';
import { bytesList, count, scanStep } from '../client/replies.js';
import { CLOCK, HEADS, MAX_PAGES, PAGE, STEP_US, unlessRefused } from '../client/scripts.js';
import { BOOKKEEPING_KEY, underPrefix } from '../keys.js';

/**
 * Lua: scan pages until the time limit and remove their keys in the same step, so that no lock is acquired in between
 * and no keys are sent. Values that are lock owners are kept, unless `owner` is empty. Keys that start with one of
 * `heads` are returned undecided and untouched. If a check fails for a reason other than WRONGTYPE, its page is left
 * alone: the reply covers the pages before it, and the next call starts there and returns the error. Numbers are
 * returned as text, which saves the server from formatting them.
 */
const STEP = `${CLOCK}${HEADS}${IS_OWNER}local cursor, pattern, size, most = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local owner, isDryRun, bookkeeping, first = ARGV[6], ARGV[7] == '1', ARGV[8], tonumber(ARGV[9]) + 1
local standsOut, last = ARGV[10] == '1', ARGV[11]
takeHeads(12)
local type, unpack, pcall = type, unpack, redis.pcall
local looks, initial = owner ~= '', byte(owner)
local removed, kept, handed = 0, 0, {}
local function remove(keys, count)
  if isDryRun then
    removed = removed + count
    return
  end
  for at = 1, count, 1000 do
    local done = pcall('UNLINK', unpack(keys, at, math.min(at + 999, count)))
    if type(done) == 'table' then return done end
    removed = removed + done
  end
end
local function work(keys)
  local count = 0
  for at = 1, #keys do
    local key = keys[at]
    if heads[byte(key, first)] and beginsSo(key, first) then handed[#handed + 1] = key
    elseif key ~= bookkeeping then
      local isKept = false
      if looks then
        local held = pcall('GETRANGE', key, '0', last)
        local length = #held
        if length > 0 then
          isKept = (length == 16 or length == 20 or byte(held) == initial) and isOwner(held, owner, standsOut)
        elseif type(held) == 'table' and not find(held.err, 'WRONGTYPE', 1, true) then return held end
      end
      if isKept then kept = kept + 1
      else
        count = count + 1
        keys[count] = key
      end
    end
  end
  return remove(keys, count)
end
local pages = 0
repeat
  local keptBefore, handedBefore = kept, #handed
  local page = pcall('SCAN', cursor, 'MATCH', pattern, 'COUNT', size)
  local failure = page.err and page or work(page[2])
  if failure then
    if pages == 0 then return failure end
    while #handed > handedBefore do handed[#handed] = nil end
    return {cursor, removed, keptBefore, handed}
  end
  cursor, pages = page[1], pages + 1
until cursor == '0' or pages >= most or isLate()
return {cursor, removed, kept, handed}`;

/** The result of one call. */
export interface Swept {
  readonly removed: number;
  readonly keptLocks: number;
  /** Stored keys that may be tag sets, or locks by name. They were not touched. */
  readonly undecided: readonly Buffer[];
}

/**
 * Let the server remove the keys under the prefix in small steps that do not block it. With `keeps`, locks by that rule
 * are kept.
 * @returns false if scripts are refused; then nothing was removed
 */
export async function sweep(
  connection: Connection,
  keys: Keys,
  { signal, dryRun, keeps }: Pick<FlushOptions, 'dryRun' | 'signal'> & { readonly keeps: LockRule | undefined },
  onStep: (swept: Swept) => Promise<void>,
): Promise<boolean> {
  const heads = keeps ? [TAG_SET_HEAD, ...LARAVEL_LOCK_HEADS] : [TAG_SET_HEAD];
  const owner = keeps && !keeps.goesByNames ? OWNER_PREFIX : '';
  const pages = [underPrefix(keys), PAGE, MAX_PAGES] as const;
  const what = [owner, dryRun ? 1 : 0, BOOKKEEPING_KEY, Buffer.byteLength(keys.prefix)] as const;
  const how = [...what, keeps?.ownersStandOut ? 1 : 0, OWNER_HEAD_BYTES - 1, ...heads] as const;
  const step = async (cursor: string): Promise<Reply> =>
    connection.call('EVAL', STEP, 0, STEP_US, cursor, ...pages, ...how);
  for (let reply = await unlessRefused(step('0')); reply !== undefined;) {
    const { cursor, found } = scanStep(reply, 3);
    const [removed, keptLocks, undecided] = found;
    await onStep({ removed: count(removed!), keptLocks: count(keptLocks!), undecided: bytesList(undecided!) });
    if (cursor === '0') return true;
    signal?.throwIfAborted();
    reply = await step(cursor);
  }

  return false;
}
