import type { BulkOptions, Repository, Ttl } from './entries.js';

/** An ordered list of tag names; entries put here are found again by the same names in the same order. */
export interface Tagged extends Repository {
  /**
   * Removes every entry that carries ANY of the names, whatever else it carries. Returns how many, or undefined where
   * the store puts them out of reach without looking at them (Memcached).
   */
  flush(options: BulkOptions & { readonly dryRun: boolean }): Promise<number | undefined>;
  /**
   * The key, without the store's prefix, under which Laravel keeps an entry within these tags; undefined where a tag is
   * unknown, so that there is none. Left out where Laravel has no tags.
   */
  keyOf?(key: string): Promise<string | undefined>;
}

export interface ListedTag {
  readonly name: string;
  /** Entries that carry it; left out where names alone are known. */
  readonly entries?: number;
  /** Members that are listed under it, and whose entries are gone; left out where names alone are known. */
  readonly stale?: number;
}

/** What is listed under a tag. */
export interface TagMember {
  /** As whoever wrote it named it. */
  readonly key: string;
  /** Without prefixes, with the hash of its tags before it, as it lies in the store and as `keys` gives it. */
  readonly listedKey: string;
  /** Those of its tags that are known. */
  readonly tags: readonly string[];
  /** Whether those are all of them, in the order in which they were put: then `tags(member.tags).get(member.key)` finds it. */
  readonly isOrdered: boolean;
  /** Whether its entry is gone, so that it is listed to no purpose. */
  readonly isStale: boolean;
  /** Seconds left; null when it never expires; undefined of what is gone, and where the store does not tell. */
  readonly ttl: Ttl | undefined;
}

export interface ListTagsOptions {
  readonly signal?: AbortSignal;
  /** A glob on the name. */
  readonly pattern?: string;
  /** Look whether each entry is there, where a listing would go by what stands in the tag. */
  readonly deep?: boolean;
}

export interface PruneTagsOptions extends BulkOptions {
  /** A glob on the names of the tags to prune. */
  readonly pattern?: string;
  /** Also members that are listed as if they were there, and whose entries were evicted or forgotten. */
  readonly deep: boolean;
  /** Count only. */
  readonly dryRun: boolean;
}

export interface PruneTagsResult {
  /** Tags that were looked at. */
  readonly tags: number;
  /** Stale members removed (or that would be). */
  readonly removed: number;
}

/**
 * The tags under a prefix, and what carries them. Lists come page by page in constant memory; what was there all the time is
 * given once at least, on Redis it may come twice while the server rehashes.
 */
export interface TagIndex {
  /** Whether tags come by name, in the order of its bytes. Left out: in no order. */
  readonly isSorted?: boolean;
  /** Why nothing can be stale here, as a sentence for people; left out where it can. */
  readonly neverStale?: string;

  tags(options?: ListTagsOptions): AsyncIterable<readonly ListedTag[]>;

  /** What is listed under a tag. Left out where names alone are known. */
  members?(name: string, options?: { readonly signal?: AbortSignal }): AsyncIterable<readonly TagMember[]>;

  /** Keeps entries. `onProgress` reports what was removed before an error. */
  prune(options: PruneTagsOptions): Promise<PruneTagsResult>;
}
