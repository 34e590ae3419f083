import type { BulkOptions } from './entries.js';
import type { ListedEntry } from './listing.js';

/** What to flush. */
export interface FlushOptions extends BulkOptions {
  /** `prefix`: everything under the prefix of the profile. `all`: the whole database, with data of others. */
  readonly scope: 'all' | 'prefix';
  /** Also flush locks that can be recognized. The scope `all` always includes them. */
  readonly locks: boolean;
  /** Count only. */
  readonly dryRun: boolean;
}

export interface FlushResult {
  /** Entries that were (or would be) removed, and locks if included. Tag indexes are not counted. */
  readonly removed: number;
  /** Locks that were recognized and kept. */
  readonly keptLocks: number;
  /** Other data in the scope that no cache wrote: neither counted nor removed. */
  readonly leftOthers?: number;
}

/** Selects the entries that match all given conditions. */
export interface EntryFilter {
  /** A glob on the key. */
  readonly pattern?: string;
  /** In seconds: not read or written for at least this long, by the server's records. */
  readonly idleFor?: number;
  /** In bytes, like `ListedEntry.size`. */
  readonly largerThan?: number;
}

export interface FlushOnlyOptions extends BulkOptions {
  /** Count only. With `idleFor`, counting is no use of an entry. */
  readonly dryRun: boolean;
  /** Called for each entry that a dry run would remove. */
  readonly onFound?: (entry: ListedEntry) => void;
}

export interface FlushOnlyResult extends FlushResult {
  /** The total size of the removed entries, in bytes. */
  readonly bytes: number;
}
