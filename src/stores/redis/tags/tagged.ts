import type { BulkOptions, Tagged, Ttl } from '../../contract/store.js';
import type { Command } from '../client/command.js';
import type { RedisContext } from '../context.js';

import { taggedKey, tagSetKey } from '../../tags/names.js';
import { bytesList, count, given, list } from '../client/replies.js';
import { CLOCK, scriptNodes, STEP_US, unlessRefused } from '../client/scripts.js';
import { Entries } from '../entries.js';
import { memberOf, memberPages, withoutRepeated } from './members.js';
import { removeMembers, unlinkAll } from './unlink-all.js';

/** Members per step. */
const PAGE = 1000;

/** Members per step where the servers of a cluster share their entries. */
const CLUSTER_PAGE = 4000;

/** Members to process between two looks at the clock, and per script call. */
const SCRIPT_PAGE = 250;
const MAX_SCRIPT_KEYS = 4000;

/**
 * Lua: remove pages of a tag's members, both entries and members, until the time limit, so that none is written in
 * between. Removing by rank avoids a search for each member.
 */
const REMOVE_PAGES = `${CLOCK}local set, prefix, size, most = KEYS[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local last, members, removed = tostring(size - 1), 0, 0
repeat
  local page = redis.call('ZRANGE', set, '0', last)
  local found = #page
  if found > 0 then
    for at = 1, found do page[at] = prefix .. page[at] end
    removed = removed + redis.call('UNLINK', unpack(page))
    redis.call('ZREMRANGEBYRANK', set, '0', tostring(found - 1))
  end
  members = members + found
until found < size or members >= most or isLate()
return {members, removed}`;

/** Laravel's score for an entry that never expires. */
const FOREVER = -1;

function scoreOf(ttl: Ttl): number {
  return ttl === null ? FOREVER : Math.floor(Date.now() / 1000) + ttl;
}

/** The result of one page: its members, and how many of their entries existed. */
interface Page {
  readonly members: number;
  readonly removed: number;
}

/**
 * Laravel's tags (10 and later). The sorted set of a tag lists its entries without prefixes, scored by the Unix time at
 * which they expire.
 */
export class RedisTagged extends Entries implements Tagged {
  readonly #names: readonly string[];
  /** The start of all keys with these tags, without prefixes. */
  readonly #head: string;

  constructor(context: RedisContext, names: readonly string[]) {
    super(context);
    this.#names = names;
    this.#head = taggedKey(names, '');
  }

  async keyOf(key: string): Promise<string> {
    return this.#head + key;
  }

  async flush(options: BulkOptions & { readonly dryRun: boolean }): Promise<number> {
    options.signal?.throwIfAborted();
    return options.dryRun ? this.#count(options) : this.#remove(options);
  }

  override async touch(key: string, ttl: Ttl): Promise<boolean> {
    const isThere = await super.touch(key, ttl);
    if (isThere && this.context.packing.compression !== undefined) await this.#touchForeign(key, ttl);
    return isThere;
  }

  protected override storedKey(key: string): string {
    return this.context.keys.full(this.#head + key);
  }

  protected override written(key: string, ttl: Ttl): Command[] {
    const score = scoreOf(ttl);
    return this.#sets().map((set) => ['ZADD', set, score, this.#member(key)]);
  }

  protected override incremented(key: string): Command[] {
    return this.#sets().map((set) => ['ZADD', set, 'NX', FOREVER, this.#member(key)]);
  }

  /** Otherwise Laravel's cache:prune-stale-tags would treat the entry as expired, and no flush would find it. */
  protected override touched(key: string, ttl: Ttl): Command[] {
    const score = scoreOf(ttl);
    return this.#sets().map((set) => ['ZADD', set, 'XX', score, this.#member(key)]);
  }

  /** A member that was written at another compression level has other bytes. */
  async #touchForeign(key: string, ttl: Ttl): Promise<void> {
    for (const set of this.#sets()) {
      const member = await memberOf(this.context, set, this.#head + key);
      if (member !== undefined) await this.connection.call('ZADD', set, 'XX', scoreOf(ttl), member);
    }
  }

  #member(key: string): Buffer {
    return this.context.packing.texts.pack(this.#head + key);
  }

  #sets(): readonly string[] {
    return this.#names.map((name) => this.context.keys.full(tagSetKey(name)));
  }

  /**
   * Remove page by page until each set is empty, so that each step is short and entries added in the meantime are
   * removed, too.
   */
  async #remove({ signal, onProgress }: BulkOptions): Promise<number> {
    let removed = 0;
    const { connection, context } = this;
    const scriptsDo = !connection.isCluster && context.packing.texts.areBare && (await scriptNodes(connection));
    const removePage = scriptsDo
      ? async (set: string): Promise<Page> => (await this.#removeByScript(set)) ?? this.#removeInRoundTrips(set)
      : async (set: string): Promise<Page> => this.#removeInRoundTrips(set);
    for (const set of this.#sets()) {
      if (connection.isCluster) {
        for await (const some of this.#removedOnCluster(set, signal)) {
          removed += some;
          onProgress?.({ done: removed });
          const lost = await connection.lostPrimary();
          if (lost !== undefined) throw lost;
        }

        continue;
      }

      for (;;) {
        signal?.throwIfAborted();
        const page = await removePage(set);
        if (page.members === 0) break;
        removed += page.removed;
        onProgress?.({ done: removed });
      }
    }

    return removed;
  }

  /** Undefined if scripts are refused. */
  async #removeByScript(set: string): Promise<Page | undefined> {
    const reply = await unlessRefused(
      this.connection.call(
        'EVAL',
        REMOVE_PAGES,
        1,
        set,
        STEP_US,
        this.context.keys.prefix,
        SCRIPT_PAGE,
        MAX_SCRIPT_KEYS,
      ),
    );
    if (reply === undefined) return undefined;
    const [members, removed] = list(reply, 2);
    return { members: count(members!), removed: count(removed!) };
  }

  /**
   * All servers remove the entries of a page, while the server of the set removes the members of the page before it and
   * sends the next page. Entries come first, as below.
   */
  async *#removedOnCluster(set: string, signal: AbortSignal | undefined): AsyncGenerator<number, void> {
    const { connection } = this;
    let members = await this.#members(set, 0, CLUSTER_PAGE);
    let before: readonly Buffer[] = [];
    while (members.length > 0) {
      const entries = members.map((member) => this.#entryOf(member));
      const [unlinked, turned] = await Promise.allSettled([
        unlinkAll(connection, entries),
        this.#turn(set, before, members.length),
      ]);
      if (unlinked.status === 'rejected') throw unlinked.reason;
      yield unlinked.value.removed;
      if (unlinked.value.failure !== undefined) throw unlinked.value.failure;
      if (turned.status === 'rejected') throw turned.reason;
      [before, members] = [members, turned.value];
      if (members.length > 0 && !signal?.aborted) continue;
      await removeMembers(connection, set, before);
      signal?.throwIfAborted();
      // Entries added in the meantime may come before the last page.
      [before, members] = [[], await this.#members(set, 0, CLUSTER_PAGE)];
    }
  }

  /** Remove members whose entries are gone, then read the page from a rank on. */
  async #turn(set: string, gone: readonly Buffer[], from: number): Promise<readonly Buffer[]> {
    if (gone.length > 0) await removeMembers(this.connection, set, gone);
    return this.#members(set, from, CLUSTER_PAGE);
  }

  async #members(set: string, from: number, most: number): Promise<readonly Buffer[]> {
    return bytesList(await this.connection.call('ZRANGE', set, from, from + most - 1));
  }

  /** Entries come first: after an interruption their members are still listed, and the next run finds them. */
  async #removeInRoundTrips(set: string): Promise<Page> {
    const members = await this.#members(set, 0, PAGE);
    if (members.length === 0) return { members: 0, removed: 0 };
    const replies = await this.connection.batch(members.map((member) => ['UNLINK', this.#entryOf(member)]));
    const removed = replies.reduce((sum: number, reply) => sum + count(reply), 0);
    await this.connection.call('ZREM', set, ...members);
    return { members: members.length, removed };
  }

  /** An entry with several of the tags is counted once, under the first. */
  async #count({ signal, onProgress }: BulkOptions): Promise<number> {
    let found = 0;
    const sets = this.#sets();
    for (const [index, set] of sets.entries()) {
      for await (const page of memberPages(this.context, set, signal)) {
        const members = await withoutRepeated(this.context, set, page);
        found += await this.#countNew(
          members.map(({ member }) => member),
          sets.slice(0, index),
        );
        onProgress?.({ done: found });
      }
    }

    return found;
  }

  async #countNew(members: readonly Buffer[], counted: readonly string[]): Promise<number> {
    const replies = await this.connection.batch(
      members.flatMap((member): Command[] => [
        ['EXISTS', this.#entryOf(member)],
        ...counted.map((set): Command => ['ZSCORE', set, member]),
      ]),
    );
    const width = 1 + counted.length;
    return members.filter((_, at) => {
      const [exists, ...scores] = replies.slice(at * width, (at + 1) * width);
      return count(exists!) === 1 && scores.every((score) => given(score) === null);
    }).length;
  }

  #entryOf(member: Buffer): Buffer {
    return Buffer.concat([Buffer.from(this.context.keys.prefix), this.context.packing.texts.unpack(member)]);
  }
}
