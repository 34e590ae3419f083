import type { PruneTagsOptions } from '../../contract/tags.js';
import type { Command, Reply } from '../client/command.js';
import type { RedisContext } from '../context.js';

import { RefusedError } from '../../../errors.js';
import { overlapping } from '../../listing/concurrent.js';
import { count, given, list } from '../client/replies.js';
import { unlessRefused } from '../client/scripts.js';
import { countGone, isThere, memberPages, nowSeconds, PAGE, type ScoredMember, type TagSet } from './members.js';

/**
 * What Laravel's cache:prune-stale-tags does by ZREMRANGEBYSCORE, but no more than a page at a time, so that no step is long.
 * -1, which is never, is no time that is over.
 */
const REMOVE_EXPIRED = `local stale = redis.call('ZRANGEBYSCORE', KEYS[1], '0', ARGV[1], 'LIMIT', '0', ARGV[2])
if #stale > 0 then redis.call('ZREM', KEYS[1], unpack(stale)) end
return #stale`;

/** Members, each with the score that was seen: one that was written anew has another by now, and stays. */
const REMOVE_UNCHANGED = `local removed = {}
for at = 1, #ARGV, 2 do
  local isSame = redis.call('ZSCORE', KEYS[1], ARGV[at]) == ARGV[at + 1]
  if isSame then redis.call('ZREM', KEYS[1], ARGV[at]) end
  removed[#removed + 1] = isSame and 1 or 0
end
return removed`;

/** Tags that are looked at closely at once. */
const AT_ONCE = 8;

/** Takes out of tags' sets what is listed there to no purpose. */
export class TagPruner {
  readonly #context: RedisContext;
  readonly #options: PruneTagsOptions;
  /** Members that are gone, or would be. */
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

  /** A page of each, again for those that have more. */
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

  /** Where scripts are forbidden, as Laravel does it. */
  async #unlessNoScripts(reply: Error | Reply, key: Buffer, now: number): Promise<Reply> {
    if (!(reply instanceof RefusedError)) return given(reply);
    const removed = count(await this.#context.connection.call('ZREMRANGEBYSCORE', key, 0, now));
    // All of it at once, so that nothing is left for another page, however many.
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
   * Whoever writes an entry lists it first. One that was written between our look and the removal is listed again; only
   * who takes longer from the listing to the entry than we do for all of this is missed.
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
