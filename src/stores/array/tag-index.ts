import type {
  ListedTag,
  ListTagsOptions,
  PruneTagsOptions,
  PruneTagsResult,
  TagIndex,
  TagMember,
} from '../contract/tags.js';
import type { ArrayContext } from './context.js';

import { globMatcher } from '../listing/glob.js';
import { tagHashOf } from '../tags/names.js';
import { TagOrders } from '../tags/order.js';
import { ttlOf } from './memory.js';

export class ArrayTagIndex implements TagIndex {
  readonly neverStale = 'In memory a tag forgets an entry when it goes.';
  readonly #context: ArrayContext;

  constructor(context: ArrayContext) {
    this.#context = context;
  }

  async *tags({ signal, pattern = '*' }: ListTagsOptions = {}): AsyncGenerator<readonly ListedTag[]> {
    signal?.throwIfAborted();
    const { memory, prefix } = this.#context;
    const matches = globMatcher(pattern);
    const listed = [...memory.tags.keys()]
      .filter((tag) => tag.startsWith(prefix))
      .map((tag) => ({ name: tag.slice(prefix.length), entries: this.#live(tag).length, stale: 0 }))
      .filter(({ name, entries }) => entries > 0 && matches(name));
    if (listed.length > 0) yield listed;
  }

  async *members(name: string, { signal }: { signal?: AbortSignal } = {}): AsyncGenerator<readonly TagMember[]> {
    signal?.throwIfAborted();
    const { memory, prefix } = this.#context;
    const orders = new TagOrders(name, (listedKey) =>
      memory
        .tagsOf(prefix + listedKey)
        .filter((tag) => tag.startsWith(prefix))
        .map((tag) => tag.slice(prefix.length)),
    );
    const members: TagMember[] = [];
    for (const key of this.#live(prefix + name)) {
      const cell = memory.live(key);
      if (cell) members.push({ ...(await orders.of(key.slice(prefix.length))), isStale: false, ttl: ttlOf(cell) });
    }

    if (members.length > 0) yield members;
  }

  async prune({ signal, pattern }: PruneTagsOptions): Promise<PruneTagsResult> {
    let tags = 0;
    for await (const page of this.tags({ ...(signal && { signal }), ...(pattern !== undefined && { pattern }) })) {
      tags += page.length;
    }

    return { tags, removed: 0 };
  }

  /** Keys, with the prefix, of what carries a tag and has not expired. */
  #live(tag: string): string[] {
    const { memory, prefix } = this.#context;
    return [...(memory.tags.get(tag) ?? [])].filter(
      (key) =>
        key.startsWith(prefix) && tagHashOf(key.slice(prefix.length)) !== undefined && memory.live(key) !== undefined,
    );
  }
}
