import type { ListedTag, ListTagsOptions, PruneTagsOptions, PruneTagsResult, TagIndex } from '../../contract/tags.js';
import type { MemcachedContext } from '../context.js';

import { globMatcher, literalHead } from '../../listing/glob.js';
import { isTagIdKey, TAG_ID_HEAD } from '../keys.js';
import { dump } from '../listing/dump.js';

export async function openTagIndex(context: MemcachedContext): Promise<TagIndex> {
  return new MemcachedTagIndex(context);
}

/** Laravel stores an id for each tag here. The key of an entry contains only a hash of the ids. */
class MemcachedTagIndex implements TagIndex {
  readonly neverStale = 'Memcached keeps no tag indexes, so none can be stale.';
  readonly #context: MemcachedContext;

  constructor(context: MemcachedContext) {
    this.#context = context;
  }

  async *tags({ signal, pattern = '*' }: ListTagsOptions = {}): AsyncGenerator<readonly ListedTag[]> {
    const { connection, keys } = this.#context;
    const matches = globMatcher(pattern);
    const head = TAG_ID_HEAD + literalHead(pattern);
    for (const node of connection.metaNodes) {
      for await (const page of dump(node, this.#context, { signal, head })) {
        const names = page
          .map(({ full }) => keys.short(full))
          .filter((key) => isTagIdKey(key))
          .map((key) => tagOf(key))
          .filter((name) => matches(name));
        if (names.length > 0) yield names.map((name) => ({ name }));
      }
    }
  }

  async prune({ signal, pattern }: PruneTagsOptions): Promise<PruneTagsResult> {
    let tags = 0;
    for await (const page of this.tags({ ...(signal && { signal }), ...(pattern !== undefined && { pattern }) })) {
      tags += page.length;
    }

    return { tags, removed: 0 };
  }
}

/** The name of the tag that an id belongs to. @param idKey without the prefix */
export function tagOf(idKey: string): string {
  return idKey.slice(TAG_ID_HEAD.length, -':key'.length);
}
