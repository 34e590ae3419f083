import type { Value } from '../../codecs/value.js';
import type { Ttl } from '../../stores/contract/store.js';

/** An entry on its way from a store or a file to another. */
export type TransferEntry<V = Value> = StoredTransfer | ValueTransfer<V>;

interface Transfer {
  /** As its writer gave it: without the hash of its tags. */
  readonly key: string;
  /** In the order in which they were given. */
  readonly tags: readonly string[];
  /** Seconds left; null for never, and where the store does not reveal it. */
  readonly ttl: Ttl;
}

export interface ValueTransfer<V = Value> extends Transfer {
  readonly value: V;
  /** Memcached's item flags, where the codec would write others. */
  readonly flags?: number;
  readonly stored?: undefined;
}

/** An entry that is not decoded: its bytes mean the same to stores of the same form. */
export interface StoredTransfer extends Transfer {
  readonly stored: Buffer;
  /** `Repository.storedForm` of the store that it came from. */
  readonly form: string;
}

export const NO_TAGS: readonly string[] = [];
