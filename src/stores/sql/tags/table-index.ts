import type {
  ListedTag,
  ListTagsOptions,
  PruneTagsOptions,
  PruneTagsResult,
  TagIndex,
  TagMember,
} from '../../contract/tags.js';

import { globMatcher, literalHead } from '../../listing/glob.js';
import { TagOrders } from '../../tags/order.js';
import { ttlOf } from '../expiry.js';

/** A row of the tag table: tag and key with the prefix in front. */
export interface TagRow {
  readonly tag: Buffer;
  readonly key: Buffer;
  /** The entry's expiry; null if it is gone or has expired. */
  readonly expiration: null | number;
  /** The Unix time of this look. */
  readonly at: number;
}

/** Which rows: those of one tag, or of all tags that begin with a text. */
export type TagSelection = { readonly tag: string } | { readonly tagsLike: string };

/** The table that lists the entries of tags. */
export interface TagTable {
  /** Pages in the order of tag and key. No transaction stays open between them. */
  pages(of: TagSelection, signal: AbortSignal | undefined): AsyncIterable<readonly TagRow[]>;
  /** Remove rows, except of entries that were stored again in the meantime. Returns how many. */
  remove(stale: readonly TagRow[]): Promise<number>;
  /** The names that list an entry. */
  tagsOf(listedKey: string): Promise<readonly string[]>;
  /** A tag or key without the prefix. */
  short(stored: Buffer): string;
}

/** Joins every row with its entry, so the count of live entries is exact. */
export class TableTagIndex implements TagIndex {
  readonly isSorted = true;
  readonly #table: TagTable;

  constructor(table: TagTable) {
    this.#table = table;
  }

  async *tags({ signal, pattern = '*' }: ListTagsOptions = {}): AsyncGenerator<readonly ListedTag[]> {
    const matches = globMatcher(pattern);
    let listed: ListedTag[] = [];
    let current: { readonly name: string; entries: number; stale: number } | undefined;
    const close = (): void => {
      if (current !== undefined && matches(current.name)) listed.push(current);
    };

    for await (const rows of this.#table.pages({ tagsLike: literalHead(pattern) }, signal)) {
      for (const row of rows) {
        const name = this.#table.short(row.tag);
        if (current?.name !== name) {
          close();
          current = { name, entries: 0, stale: 0 };
        }

        if (row.expiration === null) current.stale++;
        else current.entries++;
      }

      if (listed.length > 0) yield listed;
      listed = [];
    }

    close();
    if (listed.length > 0) yield listed;
  }

  async *members(name: string, { signal }: { signal?: AbortSignal } = {}): AsyncGenerator<readonly TagMember[]> {
    const orders = new TagOrders(name, async (listedKey) => this.#table.tagsOf(listedKey));
    for await (const rows of this.#table.pages({ tag: name }, signal)) {
      const members: TagMember[] = [];
      for (const { key, expiration, at } of rows) {
        const about = await orders.of(this.#table.short(key));
        const isStale = expiration === null;
        members.push({ ...about, isStale, ttl: isStale ? undefined : ttlOf(expiration, at) });
      }

      yield members;
    }
  }

  async prune({ signal, onProgress, pattern = '*', dryRun }: PruneTagsOptions): Promise<PruneTagsResult> {
    signal?.throwIfAborted();
    const matches = globMatcher(pattern);
    const tags = new Set<string>();
    let removed = 0;
    for await (const rows of this.#table.pages({ tagsLike: literalHead(pattern) }, signal)) {
      const named = rows.filter(({ tag }) => matches(this.#table.short(tag)));
      for (const { tag } of named) tags.add(tag.toString('latin1'));
      const stale = named.filter(({ expiration }) => expiration === null);
      if (stale.length === 0) continue;
      removed += dryRun ? stale.length : await this.#table.remove(stale);
      onProgress?.({ done: removed });
    }

    return { tags: tags.size, removed };
  }
}
