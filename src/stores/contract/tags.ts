import type { BulkOptions, Repository, Ttl } from './entries.js';

/** Entries within an ordered list of tags. They are found again by the same tags in the same order. */
export interface Tagged extends Repository {
  /**
   * Remove every entry that has ANY of the tags. Returns how many, or undefined if the store invalidates them without
   * reading them (Memcached).
   */
  flush(options: BulkOptions & { readonly dryRun: boolean }): Promise<number | undefined>;
  /**
   * Create what the first tagged entry needs, if that is permitted. Writes do it themselves. Absent if nothing is needed.
   * @throws CachectlError if it is not permitted
   */
  prepare?(): Promise<void>;
  /**
   * Laravel's key, without the store's prefix, for an entry within these tags. Undefined if a tag does not exist, so
   * that there is no such entry. Absent if Laravel has no tags on this store.
   */
  keyOf?(key: string): Promise<string | undefined>;
}

export interface ListedTag {
  readonly name: string;
  /** The number of entries with the tag. Absent if only names are known. */
  readonly entries?: number;
  /** The number of members whose entries no longer exist. Absent if only names are known. */
  readonly stale?: number;
}

/** A member of a tag's index. */
export interface TagMember {
  /** The key as the writer gave it. */
  readonly key: string;
  /** Without prefixes, with the hash of the tags, as in `keys`. */
  readonly listedKey: string;
  /** The known tags of the entry. */
  readonly tags: readonly string[];
  /**
   * Whether these are all tags in their original order, so that `tags(member.tags).get(member.key)` finds the entry.
   */
  readonly isOrdered: boolean;
  /** Whether the entry no longer exists. */
  readonly isStale: boolean;
  /** Seconds left; null if it never expires; undefined for a stale member, or if the store does not report it. */
  readonly ttl: Ttl | undefined;
}

export interface ListTagsOptions {
  readonly signal?: AbortSignal;
  /** A glob on the name. */
  readonly pattern?: string;
  /** Check that each entry exists, instead of relying on the index. */
  readonly deep?: boolean;
}

export interface PruneTagsOptions extends BulkOptions {
  /** A glob on tag names. */
  readonly pattern?: string;
  /** Also remove members whose entries were evicted or forgotten. */
  readonly deep: boolean;
  /** Count only. */
  readonly dryRun: boolean;
}

export interface PruneTagsResult {
  /** The number of tags that were checked. */
  readonly tags: number;
  /** Stale members that were (or would be) removed. */
  readonly removed: number;
}

/**
 * The tags under a prefix and their members. Listings are paged in constant memory. What exists all the time appears at
 * least once; on Redis it can appear twice while the server rehashes.
 */
export interface TagIndex {
  /** Whether tags are sorted by the bytes of their names. */
  readonly isSorted?: boolean;
  /** Why nothing can be stale here, as a sentence for people. Absent if something can. */
  readonly neverStale?: string;

  tags(options?: ListTagsOptions): AsyncIterable<readonly ListedTag[]>;

  /** The members of a tag. Absent if only names are known. */
  members?(name: string, options?: { readonly signal?: AbortSignal }): AsyncIterable<readonly TagMember[]>;

  /** Remove stale members; entries stay. `onProgress` reports what was removed before an error. */
  prune(options: PruneTagsOptions): Promise<PruneTagsResult>;
}
