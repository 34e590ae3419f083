import type { FlushOptions } from '../../contract/store.js';
import type { LockRule } from '../../locks/rule.js';
import type { Connection } from '../connection.js';
import type { Keys } from '../keys.js';

import { LARAVEL_LOCK_HEADS, OWNER_PREFIX } from '../../locks/names.js';
import { IS_OWNER, OWNER_HEAD_BYTES } from '../../locks/rule.js';
import { TAG_SET_HEAD } from '../../tags/names.js';
import { SLOTS } from '../client/key-slot.js';
import { bytesList, count } from '../client/replies.js';
import { CLOCK, FOREIGN, HEADS, MAX_PAGES, onAll, PAGE, scanSteps, scriptNodes } from '../client/scripts.js';
import { BOOKKEEPING_KEY, underPrefix } from '../keys.js';
import { hasSmallSlots, UNLIMITED } from './small-slots.js';

/** Keys per command. */
const MAX_AT_ONCE = 1000;

/**
 * Lua: read pages until the time limit and remove their keys in the same step, so that no lock is acquired in between
 * and no keys are sent. A page is what SCAN returns, or a slot of a cluster (`bySlot`); then the cursor is the slot.
 * Values that are lock owners are kept, unless `owner` is empty. Keys that start with one of `heads` are returned
 * undecided and untouched, and so are keys that another node of a cluster has. If a check fails for another reason than
 * WRONGTYPE, its page is left alone: the reply covers the pages before it, and the next call starts there and returns
 * the error.
 *
 * A command on a cluster can name keys of one slot only, so keys that SCAN returns are removed one by one (`isApart`),
 * unless the first and the last are in one slot: then all may be, because of a hash tag in the prefix or because the
 * server scans slot by slot.
 */
const STEP = `${CLOCK}${HEADS}${IS_OWNER}local cursor, pattern, size, most = ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local owner, command, bookkeeping, prefix = ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local standsOut, last, isApart, bySlot = ARGV[10] == '1', ARGV[11], ARGV[12] == '1', ARGV[13] == '1'
takeHeads(14)
local type, unpack, pcall, first = type, unpack, redis.pcall, #prefix + 1
local looks, initial = owner ~= '', byte(owner)
local removed, kept, handed = 0, 0, {}
local function isForeign(failure)
  return find(failure.err, '${FOREIGN}', 1, true)
end
local function slotOf(key)
  return pcall('CLUSTER', 'KEYSLOT', key)
end
local function remove(keys, count)
  local atOnce = isApart and 1 or ${MAX_AT_ONCE}
  if isApart and count > 1 and count <= ${MAX_AT_ONCE} and slotOf(keys[1]) == slotOf(keys[count]) then
    local done = pcall(command, unpack(keys, 1, count))
    if type(done) == 'number' then
      removed = removed + done
      return
    end
  end
  for at = 1, count, atOnce do
    local to = math.min(at + atOnce - 1, count)
    local done = pcall(command, unpack(keys, at, to))
    if type(done) == 'number' then removed = removed + done
    elseif isForeign(done) then
      for foreign = at, to do handed[#handed + 1] = keys[foreign] end
    else return done end
  end
end
local function work(keys)
  local count = 0
  for at = 1, #keys do
    local key = keys[at]
    local isOurs = not bySlot or sub(key, 1, #prefix) == prefix
    if isOurs and heads[byte(key, first)] and beginsSo(key, first) then handed[#handed + 1] = key
    elseif isOurs and key ~= bookkeeping then
      local isKept, isElsewhere = false, false
      if looks then
        local held = pcall('GETRANGE', key, '0', last)
        local length = #held
        if length > 0 then
          isKept = (length == 16 or length == 20 or byte(held) == initial) and isOwner(held, owner, standsOut)
        elseif type(held) == 'table' and not find(held.err, 'WRONGTYPE', 1, true) then
          if not isForeign(held) then return held end
          isElsewhere = true
        end
      end
      if isElsewhere then handed[#handed + 1] = key
      elseif isKept then kept = kept + 1
      else
        count = count + 1
        keys[count] = key
      end
    end
  end
  return remove(keys, count)
end
local pages, seen = 0, 0
local function nextPage()
  if not bySlot then
    local page = pcall('SCAN', cursor, 'MATCH', pattern, 'COUNT', ARGV[4])
    seen = size
    return page[2] or page, page[1]
  end
  local keys = pcall('CLUSTER', 'GETKEYSINSLOT', cursor, '${UNLIMITED}')
  if keys.err then return keys end
  seen = seen + #keys + 1
  local slot = cursor + 1
  return keys, slot < ${SLOTS} and tostring(slot) or '0'
end
repeat
  local keptBefore, handedBefore = kept, #handed
  local page, following = nextPage()
  local failure = page.err and page or work(page)
  if failure then
    if cursor == ARGV[2] then return failure end
    while #handed > handedBefore do handed[#handed] = nil end
    return {cursor, removed, keptBefore, handed}
  end
  cursor = following
  if seen >= size then pages, seen = pages + 1, 0 end
until cursor == '0' or pages >= most or seen == 0 and isLate()
return {cursor, removed, kept, handed}`;

/** The result of one call. */
export interface Swept {
  readonly removed: number;
  readonly keptLocks: number;
  /** Stored keys that may be tag sets, or locks by name, or that another node has. They were not touched. */
  readonly undecided: readonly Buffer[];
}

/**
 * Let the server remove the keys under the prefix in small steps that do not block it. With `keeps`, locks by that rule
 * are kept.
 * @returns false if scripts are refused; then some keys are left
 */
export async function sweep(
  connection: Connection,
  keys: Keys,
  { signal, dryRun, keeps }: Pick<FlushOptions, 'dryRun' | 'signal'> & { readonly keeps: LockRule | undefined },
  onStep: (swept: Swept) => Promise<void>,
): Promise<boolean> {
  const servers = await scriptNodes(connection);
  if (servers === undefined) return false;
  const heads = keeps ? [TAG_SET_HEAD, ...LARAVEL_LOCK_HEADS] : [TAG_SET_HEAD];
  const owner = keeps && !keeps.goesByNames ? OWNER_PREFIX : '';
  const pages = [underPrefix(keys), PAGE, MAX_PAGES] as const;
  const what = [owner, dryRun ? 'EXISTS' : 'UNLINK', BOOKKEEPING_KEY, keys.prefix] as const;
  const how = [keeps?.ownersStandOut ? 1 : 0, OWNER_HEAD_BYTES - 1] as const;
  let isRefused = false;
  await onAll(servers.nodes, signal, async (node, either) => {
    const bySlot = connection.isCluster && (await hasSmallSlots(node));
    const isApart = connection.isCluster && !bySlot;
    const args = [...pages, ...what, ...how, isApart ? 1 : 0, bySlot ? 1 : 0, ...heads] as const;
    for await (const found of scanSteps(node, { script: STEP, args, width: 3 }, either)) {
      if (found === undefined) isRefused = true;
      else {
        const [removed, keptLocks, undecided] = found;
        await onStep({ removed: count(removed!), keptLocks: count(keptLocks!), undecided: bytesList(undecided!) });
      }
    }
  });
  await servers.slots.check();
  return !isRefused;
}
