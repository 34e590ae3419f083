import type { Value } from '../../codecs/value.js';
import type { Ttl } from '../../stores/contract/store.js';

/** An entry between two places: out of a store or a line of a file, and not yet in the next. */
export type TransferEntry = StoredTransfer | ValueTransfer;

interface Transfer {
  /** As its writer gave it: of a tagged entry without the hash of its tags. */
  readonly key: string;
  /** In the order in which they are put; none of most. */
  readonly tags: readonly string[];
  /** Seconds left. Where the store did not tell, `null`, and it was counted. */
  readonly ttl: Ttl;
}

export interface ValueTransfer extends Transfer {
  readonly value: Value;
  /** Memcached's, where the codec would write others. */
  readonly flags?: number;
  readonly stored?: undefined;
}

/** What cannot be read, or need not be: the bytes that it is to stores of one form. */
export interface StoredTransfer extends Transfer {
  readonly stored: Buffer;
  /** `Repository.storedForm` of the store that it is from. */
  readonly form: string;
}

/** Of an entry that carries none. */
export const NO_TAGS: readonly string[] = [];
