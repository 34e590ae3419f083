import type { LockRule } from '../../locks/rule.js';
import type { Reply } from '../client/command.js';
import type { Connection } from '../connection.js';
import type { RedisContext } from '../context.js';

import { literalHead } from '../../listing/glob.js';
import { merged } from '../../listing/merged.js';
import { LARAVEL_LOCK_HEADS, OWNER_PREFIX } from '../../locks/names.js';
import { IS_OWNER, MAX_OWNER, OWNER_HEAD_BYTES } from '../../locks/rule.js';
import { bytesList } from '../client/replies.js';
import { CLOCK, FOREIGN, HEADS, MAX_PAGES, PAGE, scanSteps, scriptNodes } from '../client/scripts.js';
import { type SlotsWatch } from '../client/slots.js';
import { underPrefix } from '../keys.js';

/** The most bytes that one call returns; the last page may exceed it. */
const MAX_BYTES = 256 * 1024;

/**
 * Lua: scan pages until the time limit and return possible locks: key, start of the value, PTTL. A possible lock has a
 * name that starts with one of `heads`, or an owner as its value (unless `goesByNames`); with `all`, it is any key. Tag
 * sets, empty values, keys that hold no string and keys of other nodes are skipped. Other failures are errors.
 */
const STEP = `${CLOCK}${HEADS}${IS_OWNER}local cursor, pattern, size, most = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local owner, standsOut, last, maxBytes = ARGV[6], ARGV[7] == '1', ARGV[8], tonumber(ARGV[9])
local all, first, goesByNames = ARGV[10] == '1', tonumber(ARGV[11]) + 1, ARGV[12] == '1'
takeHeads(14)
local type, pcall = type, redis.pcall
local short = tonumber(ARGV[13])
local lastOfShort = tostring(short - 1)
local found, bytes = {}, 0
local function isNamed(key)
  return all or (heads[byte(key, first)] and beginsSo(key, first))
end
local function look(key)
  if find(key, '^tag:.*:entries$', first) then return end
  local named = isNamed(key)
  if goesByNames and not named then return end
  local value = pcall('GETRANGE', key, '0', lastOfShort)
  if type(value) == 'table' then
    return not (find(value.err, 'WRONGTYPE', 1, true) or find(value.err, '${FOREIGN}', 1, true)) and value
  end
  if value == '' or not (named or isOwner(value, owner, standsOut)) then return end
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
until cursor == '0' or pages >= most or bytes >= maxBytes or isLate()
return {cursor, found}`;

/** A possible lock, for the caller to check. */
export interface Held {
  /** The stored key. */
  readonly key: Buffer;
  /** The start of the value. */
  readonly head: Buffer;
  readonly pttl: Reply;
}

/** Where to search, and with which rule. */
export interface LookAt {
  readonly context: RedisContext;
  readonly connection: Connection;
  readonly rule: LockRule;
}

/**
 * Let the server search for locks in small steps that do not block it. The first step has run when this resolves.
 * @returns undefined if scripts are refused, or if a script cannot see owners because they are packed
 */
export async function sweepLocks(
  { context, connection, rule }: LookAt,
  signal: AbortSignal | undefined,
): Promise<AsyncGenerator<readonly Held[]> | undefined> {
  const { keys, packing } = context;
  const { pattern, goesByNames, ownersStandOut } = rule;
  const servers = packing.texts.areBare || goesByNames ? await scriptNodes(connection) : undefined;
  if (servers === undefined) return undefined;
  const named = pattern === undefined ? [] : [literalHead(pattern)];
  const heads = [...LARAVEL_LOCK_HEADS, ...named].filter((head) => head !== '');
  const pages = [underPrefix(keys), PAGE, MAX_PAGES] as const;
  const what = [OWNER_PREFIX, ownersStandOut ? 1 : 0, MAX_OWNER - 1, MAX_BYTES, named.includes('') ? 1 : 0] as const;
  const where = [Buffer.byteLength(keys.prefix), goesByNames ? 1 : 0, OWNER_HEAD_BYTES] as const;
  const args = [...pages, ...what, ...where, ...heads] as const;
  const sources = servers.nodes.map((node) => scanSteps(node, { script: STEP, args, width: 1 }, signal));
  const firsts = await Promise.all(sources.map(async (source) => source.next()));
  if (firsts.some(({ value }) => value === undefined)) return undefined;
  return found(
    sources.map((source, index) => startingWith(firsts[index]!.value, source)),
    servers.slots,
  );
}

type Steps = AsyncGenerator<readonly Reply[] | undefined, void>;

async function* startingWith(first: readonly Reply[] | void, rest: Steps): Steps {
  yield first ?? undefined;
  yield* rest;
}

async function* found(sources: readonly Steps[], slots: SlotsWatch): AsyncGenerator<readonly Held[]> {
  for await (const step of merged(sources)) yield heldOf(bytesList(step![0]!, 3));
  await slots.check();
}

function heldOf(found: readonly Buffer[]): Held[] {
  return Array.from({ length: found.length / 3 }, (_, index) => {
    const [key, head, pttl] = found.slice(3 * index, 3 * index + 3);
    return { key: key!, head: head!, pttl: String(pttl) };
  });
}
