import type { Sql } from '../statement.js';

/** Rows of a tag, between two keys, which the transaction has locked. */
export interface TaggedRows {
  readonly cache: Sql;
  readonly tags: Sql;
  readonly tag: Buffer;
  readonly prefix: string;
  /** Exclusive; undefined at the beginning. */
  readonly after: Buffer | undefined;
  /** Inclusive. */
  readonly last: Buffer;
  /** The keys of tagged entries under the prefix, at least one. */
  readonly keys: readonly Buffer[];
  /** Whether there are rows of another prefix: it and another tag may concatenate to the same bytes. */
  readonly hasOthers: boolean;
}
