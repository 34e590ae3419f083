import type { EntryFilter, FlushOnlyOptions, FlushOnlyResult } from '../../contract/flush.js';
import type { LockRule } from '../../locks/rule.js';
import type { Command, Reply } from '../client/command.js';
import type { Connection } from '../connection.js';
import type { RedisContext } from '../context.js';

import { RefusedError, UnsupportedError } from '../../../errors.js';
import { overlapping } from '../../listing/concurrent.js';
import { countMeant, FlushTally, isKeptLock, isMeant } from '../../listing/entry-filter.js';
import { globMatcher, literalHead } from '../../listing/glob.js';
import { isLaravelLockName, OWNER_PREFIX } from '../../locks/names.js';
import { IS_OWNER, TELLING_BYTES } from '../../locks/rule.js';
import { isTagSetKey } from '../../tags/names.js';
import { count, given, list } from '../client/replies.js';
import { scanAll } from '../keys.js';
import { ruleAmongEntries } from '../locks/places.js';
import { listEntries } from './entries.js';
import { Look } from './look.js';

/** Pages on their way at once. */
const IN_FLIGHT = 2;

/** Keys that one script looks at: well under a millisecond of the server's time. */
const STEP = 200;

/**
 * Looks at each of the keys and removes it in the same step, so that nothing goes that was used or written in between. How
 * long it was not used is asked first, since what follows counts as using it. What is no string is as large as it is in
 * memory. What is an owner of a lock is kept, where `owner` says that values are looked at; all are where the names say so
 * already.
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

/** Removes the entries that match, a page of a scan at a time: by scripts, or in round trips where those are refused. */
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
    const pages = listEntries(context, { pattern, idle: idleFor !== undefined, ...(signal && { signal }) });
    return countMeant(pages, only, options);
  }

  const matches = globMatcher(pattern);
  const remover = new Remover(context, only);
  const tally = new FlushTally(options);
  await overlapping(
    scanAll(context.connection, context.keys, signal, literalHead(pattern)),
    IN_FLIGHT,
    async (page) => {
      const names = [...new Set(page.map((full) => context.keys.short(full)))];
      tally.add(await remover.remove(names.filter((name) => !isTagSetKey(name) && matches(name))));
    },
  );
  return tally.result;
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
    // A script cannot see an owner that is packed.
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

    return this.#inTrips(names);
  }

  /** Undefined where the server does not let scripts do it; nothing is done then. */
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

  /** What names keys of several slots is done key by key. */
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
    const fixed = [idleFor, largerThan, owner, areLocks ? 1 : 0, ownersStandOut ? 1 : 0, TELLING_BYTES - 1];
    return Array.from({ length: Math.ceil(names.length / step) }, (_, index) => {
      const full = names.slice(index * step, (index + 1) * step).map((name) => this.#context.keys.full(name));
      return { full, args: fixed };
    });
  }

  /** What is written or used between the two trips goes all the same. */
  async #inTrips(names: readonly string[]): Promise<FlushOnlyResult> {
    const { connection, keys } = this.#context;
    const look = new Look(this.#context, { idle: this.#only.idleFor !== undefined, values: true });
    const meant = (await look.at(names)).filter((entry) => isMeant(this.#only, entry));
    const entries = meant.filter((entry) => !isKeptLock(entry));
    const replies = await connection.batch(entries.map(({ key }): Command => ['UNLINK', keys.full(key)]));
    const gone = entries.filter((_, index) => count(replies[index]!) === 1);
    return {
      removed: gone.length,
      keptLocks: meant.length - entries.length,
      bytes: gone.reduce((sum, { size }) => sum + size, 0),
    };
  }
}

/** One run of REMOVE. */
interface Script {
  readonly full: readonly string[];
  readonly args: ReadonlyArray<number | string>;
}

function commandOf({ full, args }: Script): Command {
  return ['EVAL', REMOVE, full.length, ...full, ...args];
}

const NOTHING: FlushOnlyResult = { removed: 0, keptLocks: 0, bytes: 0 };

/**
 * A server that evicts what is seldom used counts uses, and not since when there was none.
 * @throws UnsupportedError
 */
async function checkPolicy(connection: Connection): Promise<void> {
  for (const node of await connection.nodes()) {
    const [info] = await node.batch([['INFO', 'memory']]);
    // Who may not ask is told with the first key.
    if (info instanceof RefusedError) continue;
    const [, policy = ''] = /^maxmemory_policy:(\S+)/m.exec(String(given(info!))) ?? [];
    if (!policy.endsWith('-lfu')) continue;
    throw new UnsupportedError(
      `${connection.location} does not record idle times: its eviction policy is ${policy}`,
      'Select entries by key or size instead: PATTERN or --larger-than',
    );
  }
}
