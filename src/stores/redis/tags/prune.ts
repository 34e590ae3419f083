import type { PruneTagsOptions } from '../../contract/tags.js';
import type { Command, Reply } from '../client/command.js';
import type { RedisContext } from '../context.js';

import { RefusedError } from '../../../errors.js';
import { overlapping } from '../../listing/concurrent.js';
import { count, given, list } from '../client/replies.js';
import { unlessRefused } from '../client/scripts.js';
import { countGone, isThere, memberPages, nowSeconds, PAGE, type ScoredMember, type TagSet } from './members.js';

/**
 * Lua: like ZREMRANGEBYSCORE in Laravel's cache:prune-stale-tags, but one page at a time, so that each step is short.
 * Skips the score -1, which means never.
 */
const REMOVE_EXPIRED = `local stale = redis.call('ZRANGEBYSCORE', KEYS[1], '0', ARGV[1], 'LIMIT', '0', ARGV[2])
if #stale > 0 then redis.call('ZREM', KEYS[1], unpack(stale)) end
return #stale`;

/**
 * Lua: remove members whose score has not changed since it was read. A member that was written again has another score
 * and stays.
 */
const REMOVE_UNCHANGED = `local removed = {}
for at = 1, #ARGV, 2 do
  local isSame = redis.call('ZSCORE', KEYS[1], ARGV[at]) == ARGV[at + 1]
  if isSame then redis.call('ZREM', KEYS[1], ARGV[at]) end
  removed[#removed + 1] = isSame and 1 or 0
end
return removed`;

/** How many tags to check at once. */
const AT_ONCE = 8;

/** Removes stale members from tag sets. */
export class TagPruner {
  readonly #context: RedisContext;
  readonly #options: PruneTagsOptions;
  /** Members that were removed, or would be in a dry run. */
  removed = 0;

  constructor(context: RedisContext, options: PruneTagsOptions) {
    this.#context = context;
    this.#options = options;
  }

  async prune(sets: readonly TagSet[]): Promise<void> {
    const { deep, dryRun } = this.#options;
    if (!dryRun) await this.#removeExpired(sets.filter(({ expired }) => expired > 0));
    else if (!deep) this.#count(sets.reduce((sum, { expired }) => sum + expired, 0));
    if (deep) await overlapping(each(sets), AT_ONCE, async ({ key }) => this.#pruneDeep(key));
  }

  /** Remove one page per set, and repeat for sets that have more. */
  async #removeExpired(sets: readonly TagSet[]): Promise<void> {
    const now = nowSeconds();
    let rest = sets;
    while (rest.length > 0) {
      this.#options.signal?.throwIfAborted();
      const replies = await this.#context.connection.batch(
        rest.map(({ key }): Command => ['EVAL', REMOVE_EXPIRED, 1, key, now, PAGE]),
      );
      const removed = await Promise.all(
        rest.map(async ({ key }, index) => count(await this.#unlessNoScripts(replies[index]!, key, now))),
      );
      this.#count(removed.reduce((sum, each) => sum + each, 0));
      rest = rest.filter((_, index) => removed[index] === PAGE);
    }
  }

  /** Without scripts, use ZREMRANGEBYSCORE like Laravel. */
  async #unlessNoScripts(reply: Error | Reply, key: Buffer, now: number): Promise<Reply> {
    if (!(reply instanceof RefusedError)) return given(reply);
    const removed = count(await this.#context.connection.call('ZREMRANGEBYSCORE', key, 0, now));
    // Everything was removed at once, so there is no further page.
    this.#count(removed);
    return '0';
  }

  async #pruneDeep(set: Buffer): Promise<void> {
    const { dryRun, signal } = this.#options;
    for await (const page of memberPages(this.#context, set, signal)) {
      const gone = await countGone(this.#context, page);
      if (gone > 0) this.#count(dryRun ? gone : await this.#removeGone(set, page));
    }
  }

  /**
   * Remove members whose entries do not exist. A writer adds the member before the entry. If the entry was written
   * between the check and the removal, its member is added again. Only a writer that pauses between the two for longer
   * than this takes is missed.
   */
  async #removeGone(set: Buffer, page: readonly ScoredMember[]): Promise<number> {
    const were = await isThere(this.#context, page);
    const gone = page.filter((_, index) => !were[index]);
    if (gone.length === 0) return 0;
    const removed = await this.#removeUnchanged(set, gone);
    const there = await isThere(this.#context, removed);
    const back = removed.filter((_, index) => there[index]);
    const replies = await this.#context.connection.batch(
      back.map(({ member, score }): Command => ['ZADD', set, 'NX', score, member]),
    );
    for (const reply of replies) given(reply);
    return removed.length - back.length;
  }

  async #removeUnchanged(set: Buffer, gone: readonly ScoredMember[]): Promise<readonly ScoredMember[]> {
    const args = gone.flatMap(({ member, score }) => [member, score]);
    const reply = await unlessRefused(this.#context.connection.call('EVAL', REMOVE_UNCHANGED, 1, set, ...args));
    if (reply !== undefined) {
      const replies = list(reply, gone.length);
      return gone.filter((_, index) => count(replies[index]!) === 1);
    }

    await this.#context.connection.call('ZREM', set, ...gone.map(({ member }) => member));
    return gone;
  }

  #count(removed: number): void {
    this.removed += removed;
    if (removed > 0) this.#options.onProgress?.({ done: this.removed });
  }
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
