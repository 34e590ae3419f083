import type {
  ListedTag,
  ListTagsOptions,
  PruneTagsOptions,
  PruneTagsResult,
  TagIndex,
  TagMember,
} from '../../contract/tags.js';
import type { Command } from '../client/command.js';
import type { RedisContext } from '../context.js';
import type { TagSet } from './members.js';

import { WrongTypeError } from '../../../errors.js';
import { globMatcher, literalHead } from '../../listing/glob.js';
import { isTagSetKey, TAG_SET_HEAD, tagOfSetKey, tagSetKey } from '../../tags/names.js';
import { TagOrders } from '../../tags/order.js';
import { count, given, isGone, ttlOf } from '../client/replies.js';
import { scanAll } from '../keys.js';
import { countGone, entryOf, memberPages, nowSeconds, withoutRepeated } from './members.js';
import { TagPruner } from './prune.js';
import { TagResolver } from './resolver.js';

export async function openTagIndex(context: RedisContext): Promise<TagIndex> {
  return new RedisTagIndex(context);
}

/** Laravel's tags (10 and later): one sorted set per tag, among the keys under the prefix. */
class RedisTagIndex implements TagIndex {
  readonly #context: RedisContext;

  constructor(context: RedisContext) {
    this.#context = context;
  }

  async *tags({ signal, pattern, deep }: ListTagsOptions = {}): AsyncGenerator<readonly ListedTag[]> {
    for await (const sets of tagSets(this.#context, pattern, signal)) {
      const listed = sets.map(({ name, members, expired }) => ({ name, entries: members - expired, stale: expired }));
      if (deep) {
        for (const [index, { key, members }] of sets.entries()) {
          const stale = await this.#countGone(key, signal);
          // Entries written in the meantime may be missing from `members` but counted as stale.
          yield [{ ...listed[index]!, entries: Math.max(0, members - stale), stale }];
        }
      } else yield listed;
    }
  }

  async *members(name: string, { signal }: { signal?: AbortSignal } = {}): AsyncGenerator<readonly TagMember[]> {
    const { connection, keys } = this.#context;
    const resolver = new TagResolver(this.#context);
    const orders = new TagOrders(name, async (key, hash) => resolver.beside(name, key, hash));
    const set = keys.full(tagSetKey(name));
    for await (const listed of memberPages(this.#context, set, signal)) {
      const page = await withoutRepeated(this.#context, set, listed);
      const entries = page.map(({ member }) => entryOf(this.#context, member));
      const pttls = await connection.batch(entries.map((full): Command => ['PTTL', full]));
      const members: TagMember[] = [];
      for (const [index, full] of entries.entries()) {
        const pttl = given(pttls[index]!);
        const isStale = isGone(pttl);
        const about = await orders.of(keys.short(full));
        members.push({ ...about, isStale, ttl: isStale ? undefined : ttlOf(pttl) });
      }

      yield members;
    }
  }

  async prune(options: PruneTagsOptions): Promise<PruneTagsResult> {
    options.signal?.throwIfAborted();
    const pruner = new TagPruner(this.#context, options);
    let tags = 0;
    for await (const sets of tagSets(this.#context, options.pattern, options.signal)) {
      tags += sets.length;
      await pruner.prune(sets);
    }

    return { tags, removed: pruner.removed };
  }

  async #countGone(set: Buffer, signal: AbortSignal | undefined): Promise<number> {
    let gone = 0;
    for await (const page of memberPages(this.#context, set, signal)) {
      gone += await countGone(this.#context, page);
    }

    return gone;
  }
}

/** Yield tag sets, found by name, page by page. */
async function* tagSets(
  { connection, keys }: RedisContext,
  pattern = '*',
  signal?: AbortSignal,
): AsyncGenerator<readonly TagSet[]> {
  const matches = globMatcher(pattern);
  for await (const page of scanAll(connection, keys, signal, TAG_SET_HEAD + literalHead(pattern))) {
    const unique = [...new Map(page.map((key) => [key.toString('latin1'), key])).values()];
    const named = unique
      .map((key) => ({ key, short: keys.short(key) }))
      .filter(({ short }) => isTagSetKey(short))
      .map(({ key, short }) => ({ key, name: tagOfSetKey(short) }))
      .filter(({ name }) => matches(name));
    const now = nowSeconds();
    const replies = await connection.batch(
      named.flatMap(({ key }): Command[] => [
        ['ZCARD', key],
        ['ZCOUNT', key, 0, now],
      ]),
    );
    const sets = named.flatMap(({ key, name }, index): TagSet[] => {
      const [members, expired] = [replies[2 * index]!, replies[2 * index + 1]!];
      // An entry with such a name, or a set that no longer exists.
      if (members instanceof WrongTypeError || count(members) === 0) return [];
      return [{ key, name, members: count(members), expired: count(expired) }];
    });
    if (sets.length > 0) yield sets;
  }
}
