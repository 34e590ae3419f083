import type { CountOptions } from '../../contract/listing.js';
import type { RedisContext } from '../context.js';

import { globMatcher, isHeadOnly, literalHead } from '../../listing/glob.js';
import { isTagSetKey, TAG_SET_HEAD } from '../../tags/names.js';
import { count } from '../client/replies.js';
import { CLOCK, HEADS, MAX_PAGES, onAll, PAGE, scanSteps, scriptNodes } from '../client/scripts.js';
import { BOOKKEEPING_KEY, scanAll, underPrefix } from '../keys.js';

/** Lua: scan pages until the time limit and count entries, leaving out tag sets. */
const STEP = `${CLOCK}${HEADS}local cursor, pattern, size, most = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local bookkeeping, first = ARGV[6], tonumber(ARGV[7]) + 1
takeHeads(8)
local find = string.find
local function isEntry(key)
  local isSet = heads[byte(key, first)] and beginsSo(key, first) and find(key, '^tag:.*:entries$', first)
  return not isSet and key ~= bookkeeping
end
local counted, pages = 0, 0
repeat
  local page = redis.pcall('SCAN', cursor, 'MATCH', pattern, 'COUNT', size)
  if page.err then return page end
  for _, key in ipairs(page[2]) do
    if isEntry(key) then counted = counted + 1 end
  end
  cursor, pages = page[1], pages + 1
until cursor == '0' or pages >= most or isLate()
return {cursor, counted}`;

/**
 * Count the keys that a listing would return. The server counts if scripts are allowed and the pattern is a prefix, so
 * that no key is sent. Other globs are matched here, because the server's globs match bytes.
 */
export async function countEntries(
  context: RedisContext,
  { signal, pattern = '*' }: CountOptions = {},
): Promise<number> {
  signal?.throwIfAborted();
  const byServer = isHeadOnly(pattern) ? await countInSteps(context, literalHead(pattern), signal) : undefined;
  return byServer ?? countPages(context, pattern, signal);
}

/** Undefined if scripts cannot do it. */
async function countInSteps(
  { connection, keys }: RedisContext,
  head: string,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const servers = await scriptNodes(connection);
  if (servers === undefined) return undefined;
  const pages = [underPrefix(keys, head), PAGE, MAX_PAGES] as const;
  const args = [...pages, BOOKKEEPING_KEY, Buffer.byteLength(keys.prefix), TAG_SET_HEAD] as const;
  let counted = 0;
  let isRefused = false;
  await onAll(servers.nodes, signal, async (node, either) => {
    for await (const found of scanSteps(node, { script: STEP, args, width: 1 }, either)) {
      if (found === undefined) isRefused = true;
      else counted += count(found[0]!);
    }
  });
  await servers.slots.check();
  return isRefused ? undefined : counted;
}

/** Count page by page. Keys are decoded only if they must be matched. */
async function countPages({ connection, keys }: RedisContext, pattern: string, signal?: AbortSignal): Promise<number> {
  const matches = isHeadOnly(pattern) ? () => true : globMatcher(pattern);
  const at = Buffer.byteLength(keys.prefix);
  const mayBeSet = (full: Buffer): boolean => full.subarray(at, at + TAG_SET.length).equals(TAG_SET);
  const needsText = !isHeadOnly(pattern);
  let counted = 0;
  for await (const page of scanAll(connection, keys, signal, literalHead(pattern))) {
    for (const full of page) {
      if (!needsText && !mayBeSet(full)) counted++;
      else {
        const key = keys.short(full);
        if (!isTagSetKey(key) && matches(key)) counted++;
      }
    }
  }

  return counted;
}

const TAG_SET = Buffer.from(TAG_SET_HEAD);
