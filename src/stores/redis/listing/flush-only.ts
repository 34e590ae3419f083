import type { EntryFilter, FlushOnlyOptions, FlushOnlyResult } from '../../contract/flush.js';
import type { EntryPages } from '../../contract/listing.js';
import type { LockRule } from '../../locks/rule.js';
import type { Command, Reply } from '../client/command.js';
import type { Connection } from '../connection.js';
import type { RedisContext } from '../context.js';

import { RefusedError, UnsupportedError } from '../../../errors.js';
import { overlapping } from '../../listing/concurrent.js';
import { countMatching, FlushTally, isKeptLock, matchesFilter } from '../../listing/entry-filter.js';
import { globMatcher, literalHead } from '../../listing/glob.js';
import { isLaravelLockName, OWNER_PREFIX } from '../../locks/names.js';
import { IS_OWNER, OWNER_HEAD_BYTES } from '../../locks/rule.js';
import { isTagSetKey, mayBeForeignTagSet } from '../../tags/names.js';
import { count, given, list } from '../client/replies.js';
import { scanAll } from '../keys.js';
import { ruleAmongEntries } from '../locks/places.js';
import { listEntries } from './entries.js';
import { Look } from './look.js';

/** How many pages may be in flight. */
const IN_FLIGHT = 2;

/** Keys per script call: well under a millisecond of the server's time. */
const STEP = 200;

/**
 * Lua: check each key and remove it in the same step, so that no key is removed that was used or written in between.
 * The idle time comes first, because the other checks count as a use. The size of a key that holds no string is its
 * memory size. Locks are kept: keys whose name says so (`areLocks`), and values that are an owner, unless `owner` is
 * empty.
 */
const REMOVE = `${IS_OWNER}local idleFor, largerThan = tonumber(ARGV[1]), tonumber(ARGV[2])
local owner, areLocks, standsOut, last = ARGV[3], ARGV[4] == '1', ARGV[5] == '1', ARGV[6]
local function look(key)
  if areLocks or owner == '' then return areLocks end
  local value = redis.pcall('GETRANGE', key, '0', last)
  if type(value) == 'string' then return isOwner(value, owner, standsOut) end
  return false, not find(value.err, 'WRONGTYPE', 1, true) and value
end
local removed, kept, bytes = 0, 0, 0
for _, key in ipairs(KEYS) do
  local idle = redis.pcall('OBJECT', 'IDLETIME', key)
  if type(idle) == 'table' then
    if idleFor > 0 and not find(idle.err, 'no such key', 1, true) then return idle end
    idle = 0
  end
  if idle and idle >= idleFor then
    local size = redis.pcall('STRLEN', key)
    if type(size) == 'table' then size = redis.pcall('MEMORY', 'USAGE', key) end
    if type(size) ~= 'number' then size = 0 end
    if size > largerThan then
      local isLock, failure = look(key)
      if failure then return failure end
      if isLock then kept = kept + 1
      elseif redis.call('UNLINK', key) == 1 then removed, bytes = removed + 1, bytes + size end
    end
  end
end
return {tostring(removed), tostring(kept), string.format('%.0f', bytes)}`;

/** Remove the entries that match, page by page: with scripts, or in round trips if scripts are refused. */
export async function flushOnly(
  context: RedisContext,
  only: EntryFilter,
  options: FlushOnlyOptions,
): Promise<FlushOnlyResult> {
  const { pattern = '*', idleFor } = only;
  const { signal, dryRun } = options;
  signal?.throwIfAborted();
  if (idleFor !== undefined) await checkPolicy(context.connection);
  if (dryRun) {
    const listed = listEntries(context, { pattern, idle: idleFor !== undefined, ...(signal && { signal }) });
    return countMatching(withoutTagSets(context, listed), only, options);
  }

  const matches = globMatcher(pattern);
  const remover = new Remover(context, only);
  const tally = new FlushTally(options);
  await overlapping(
    scanAll(context.connection, context.keys, signal, literalHead(pattern)),
    IN_FLIGHT,
    async (page) => {
      const names = [...new Set(page.map((full) => context.keys.short(full)))];
      const matching = names.filter((name) => !isTagSetKey(name) && matches(name));
      const tagSets = await foreignTagSets(context, matching);
      tally.add(await remover.remove(matching.filter((name) => !tagSets.has(name))));
    },
  );
  return tally.result;
}

async function* withoutTagSets(context: RedisContext, pages: EntryPages): EntryPages {
  for await (const page of pages) {
    const tagSets = await foreignTagSets(
      context,
      page.map(({ key }) => key),
    );
    yield page.filter(({ key }) => !tagSets.has(key));
  }
}

/**
 * The tag indexes of longer prefixes among `names`. They stay, because without them a flush of the tag would miss the
 * entries that stay.
 */
async function foreignTagSets({ connection, keys }: RedisContext, names: readonly string[]): Promise<Set<string>> {
  const candidates = names.filter((name) => mayBeForeignTagSet(name));
  if (candidates.length === 0) return new Set();
  const types = await connection.batch(candidates.map((name): Command => ['TYPE', keys.full(name)]));
  return new Set(candidates.filter((_, index) => String(given(types[index]!)) === 'zset'));
}

class Remover {
  readonly #context: RedisContext;
  readonly #only: EntryFilter;
  readonly #rule: LockRule;
  #usesScripts: boolean;

  constructor(context: RedisContext, only: EntryFilter) {
    this.#context = context;
    this.#only = only;
    this.#rule = ruleAmongEntries(context);
    // A script cannot recognize a packed owner.
    this.#usesScripts = context.packing.texts.areBare || this.#rule.goesByNames;
  }

  /** @param names without prefixes */
  async remove(names: readonly string[]): Promise<FlushOnlyResult> {
    if (names.length === 0) return NOTHING;
    if (this.#usesScripts) {
      const done = await this.#byScripts(names);
      if (done !== undefined) return done;
      this.#usesScripts = false;
    }

    return this.#inRoundTrips(names);
  }

  /** Undefined if scripts are refused; then nothing was removed. */
  async #byScripts(names: readonly string[]): Promise<FlushOnlyResult | undefined> {
    const locks = names.filter((name) => isLaravelLockName(name));
    const others = locks.length === 0 ? names : names.filter((name) => !isLaravelLockName(name));
    const scripts = [...this.#scripts(others, { areLocks: false }), ...this.#scripts(locks, { areLocks: true })];
    const replies = await this.#runScripts(scripts);
    if (replies.every((reply) => reply instanceof RefusedError)) return undefined;
    const tally = new FlushTally({});
    for (const reply of replies) {
      const [removed, keptLocks, bytes] = list(reply, 3).map((text) => count(text));
      tally.add({ removed: removed!, keptLocks: keptLocks!, bytes: bytes! });
    }

    return tally.result;
  }

  /** Run the scripts; repeat a script key by key if its keys are in several slots. */
  async #runScripts(scripts: readonly Script[]): Promise<ReadonlyArray<Error | Reply>> {
    const { connection } = this.#context;
    const replies = await connection.batch(scripts.map((script) => commandOf(script)));
    const isApart = replies.map((reply) => connection.saysKeysApart(reply));
    if (!isApart.includes(true)) return replies;
    const singly = scripts
      .filter((_, index) => isApart[index])
      .flatMap(({ full, args }) => full.map((key) => ({ full: [key], args })));
    const rest = await connection.batch(singly.map((script) => commandOf(script)));
    return [...replies.filter((_, index) => !isApart[index]), ...rest];
  }

  #scripts(names: readonly string[], { areLocks }: { readonly areLocks: boolean }): Script[] {
    const { idleFor = 0, largerThan = -1 } = this.#only;
    const step = this.#context.connection.keysApart ? 1 : STEP;
    const { goesByNames, ownersStandOut } = this.#rule;
    const owner = goesByNames ? '' : OWNER_PREFIX;
    const fixed = [idleFor, largerThan, owner, areLocks ? 1 : 0, ownersStandOut ? 1 : 0, OWNER_HEAD_BYTES - 1];
    return Array.from({ length: Math.ceil(names.length / step) }, (_, index) => {
      const full = names.slice(index * step, (index + 1) * step).map((name) => this.#context.keys.full(name));
      return { full, args: fixed };
    });
  }

  /** Also removes an entry that is written or used between the two round trips. */
  async #inRoundTrips(names: readonly string[]): Promise<FlushOnlyResult> {
    const { connection, keys } = this.#context;
    const look = new Look(this.#context, { idle: this.#only.idleFor !== undefined, values: true });
    const matching = (await look.at(names)).filter((entry) => matchesFilter(this.#only, entry));
    const entries = matching.filter((entry) => !isKeptLock(entry));
    const replies = await connection.batch(entries.map(({ key }): Command => ['UNLINK', keys.full(key)]));
    const gone = entries.filter((_, index) => count(replies[index]!) === 1);
    return {
      removed: gone.length,
      keptLocks: matching.length - entries.length,
      bytes: gone.reduce((sum, { size }) => sum + size, 0),
    };
  }
}

/** One call of REMOVE. */
interface Script {
  readonly full: readonly string[];
  readonly args: ReadonlyArray<number | string>;
}

function commandOf({ full, args }: Script): Command {
  return ['EVAL', REMOVE, full.length, ...full, ...args];
}

const NOTHING: FlushOnlyResult = { removed: 0, keptLocks: 0, bytes: 0 };

/**
 * With an LFU policy the server records use counts instead of idle times.
 * @throws UnsupportedError
 */
async function checkPolicy(connection: Connection): Promise<void> {
  for (const node of await connection.nodes()) {
    const [info] = await node.batch([['INFO', 'memory']]);
    // A refusal is reported with the first key.
    if (info instanceof RefusedError) continue;
    const [, policy = ''] = /^maxmemory_policy:(\S+)/m.exec(String(given(info!))) ?? [];
    if (!policy.endsWith('-lfu')) continue;
    throw new UnsupportedError(
      `${connection.location} does not record idle times: its eviction policy is ${policy}`,
      'Select entries by key or size instead: PATTERN or --larger-than',
    );
  }
}
