import type { FlushOptions } from '../contract.js';
import type { Connection, Reply } from './connection.js';
import type { Keys } from './keys.js';

import { LARAVEL_LOCK_HEADS, OWNER_PREFIX } from '../lock-form.js';
import { TAG_SET_HEAD } from '../tag-names.js';
import { SCAN_COUNT, underPrefix } from './keys.js';
import { count } from './replies.js';
import { unlessRefused } from './scripts.js';

/**
 * One step of a scan, with what it finds removed in the same step, so that no lock can be taken in between and keys need
 * not travel. What is kept: strings that begin with `owner`, which are locks that cachectl holds. Keys whose names begin
 * so that they may be something else are handed out untouched. A look that fails for another reason than the key's type
 * is an error: nothing goes that was not looked at. Numbers are given as text, which saves the server from printing them.
 */
const STEP = `local cursor, pattern, size, owner, isDryRun = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5] == '1'
local first, last = tonumber(ARGV[6]) + 1, tostring(#owner - 1)
local heads = {}
for at = 7, #ARGV do
  local initial = string.byte(ARGV[at])
  heads[initial] = heads[initial] or {}
  table.insert(heads[initial], ARGV[at])
end
local function isForUs(key, candidates)
  for _, head in ipairs(candidates) do
    if string.sub(key, first, first + #head - 1) == head then return true end
  end
  return false
end
local page = redis.call('SCAN', cursor, 'MATCH', pattern, 'COUNT', size)
local doomed, handed, kept = {}, {}, 0
local byte, pcall, looks = string.byte, redis.pcall, owner ~= ''
for _, key in ipairs(page[2]) do
  local candidates = heads[byte(key, first)]
  if candidates and isForUs(key, candidates) then handed[#handed + 1] = key
  else
    local held = looks and pcall('GETRANGE', key, '0', last)
    if looks and held == owner then kept = kept + 1
    elseif type(held) == 'table' and not string.find(held.err, 'WRONGTYPE', 1, true) then return held
    else doomed[#doomed + 1] = key end
  end
end
local removed = isDryRun and #doomed or 0
if not isDryRun then
  for at = 1, #doomed, 1000 do
    removed = removed + redis.call('UNLINK', unpack(doomed, at, math.min(at + 999, #doomed)))
  end
end
return {page[1], removed, kept, handed}`;

/** What one step did. */
export interface Swept {
  readonly removed: number;
  readonly keptLocks: number;
  /** Full keys that may be tags' bookkeeping, or locks by their names; nothing was done to them. */
  readonly undecided: readonly Buffer[];
}

/**
 * Lets the server go through its keys and remove those under the prefix, a step at a time so that it is never held up.
 * @returns false, with nothing done, where the server does not let a script do that
 */
export async function sweep(
  connection: Connection,
  keys: Keys,
  { signal, dryRun, keepsLocks }: Pick<FlushOptions, 'dryRun' | 'signal'> & { readonly keepsLocks: boolean },
  onStep: (swept: Swept) => Promise<void>,
): Promise<boolean> {
  const heads = keepsLocks ? [TAG_SET_HEAD, ...LARAVEL_LOCK_HEADS] : [TAG_SET_HEAD];
  const owner = keepsLocks ? OWNER_PREFIX : '';
  const fixed = [underPrefix(keys), SCAN_COUNT, owner, dryRun ? 1 : 0, Buffer.byteLength(keys.prefix), ...heads];
  const step = async (cursor: string): Promise<Reply> => connection.call('EVAL', STEP, 0, cursor, ...fixed);
  for (let reply = await unlessRefused(step('0')); reply !== undefined;) {
    const [next, removed, keptLocks, undecided] = reply as readonly [Buffer, string, string, readonly Buffer[]];
    await onStep({ removed: count(removed), keptLocks: count(keptLocks), undecided });
    if (String(next) === '0') return true;
    signal?.throwIfAborted();
    reply = await step(String(next));
  }

  return false;
}
