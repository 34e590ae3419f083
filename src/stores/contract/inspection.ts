import type { Entry } from './entries.js';
import type { DetectedBy } from './locks.js';

/**
 * What a store knows about a key, beyond `get`. Inspecting has as few side effects as the server allows: usage is read
 * before the value, and if possible an absent key is not counted as a miss.
 */
export interface Inspection {
  /** The whole stored key. Absent if it cannot be known (Memcached, for a tag without an id). */
  readonly storedKey?: string;
  /** Without prefixes, as in `keys`. */
  readonly listedKey: string;
  /**
   * Where the key is stored, in the store's terms: `server`, `node`, `slot`, `database`, `collection`, `file`, `table`.
   */
  readonly place: Readonly<Record<string, number | string>>;
  /** Absent for a miss, and if the key holds no entry. */
  readonly entry?: Entry;
  /** The key holds no entry, but for example a Redis list. */
  readonly other?: OtherKind;
  readonly format?: StoredFormat;
  /** When it expires; null for never; absent if the store does not report it. */
  readonly expiresAt?: Date | null;
  readonly usage?: Usage;
  readonly tags?: InspectedTags;
  /** The entry is a lock, or the key is a held lock, if locks are stored with the entries. */
  readonly lock?: InspectedLock;
  /** The tag whose index this key holds. */
  readonly tagKept?: string;
  /** For a miss: when the value that is still stored expired. */
  readonly expiredAt?: Date;
  /** For a miss: existing stored keys that differ only in the prefixes. */
  readonly near?: readonly NearKey[];
}

export interface InspectOptions {
  /** How many elements of what is no entry to read. Default: 10. */
  readonly elements?: number;
}

export interface OtherKind {
  /** In the store's terms, such as `list`. */
  readonly type: string;
  /** The number of elements. */
  readonly length?: number;
  /** The first of them, each with its parts: `[element]`, `[field, value]`, `[member, score]`, `[id, field, value, …]`. */
  readonly elements?: ReadonlyArray<readonly string[]> | undefined;
}

/** How the value is encoded. */
export interface StoredFormat {
  /** `php`, `igbinary`, `json`, `msgpack`, `raw`; for bare values `number`, `string` or `boolean`. */
  readonly codec: string;
  /** Such as `lz4`; absent if the value is not compressed. */
  readonly compression?: string;
  /** The size in bytes before compression or other wrapping. */
  readonly plainSize?: number;
  /** The encoding in the server, in its terms: `embstr`, `base64`. */
  readonly encoding?: string;
}

/** The server's usage counters. */
export interface Usage {
  /** Seconds since the last use, before this inspection. */
  readonly idle?: number;
  /** The server's logarithmic use counter (Redis with an LFU policy). */
  readonly frequency?: number;
  /** Whether it was read since it was written (Memcached). */
  readonly fetched?: boolean;
  /** The total memory in the server, in bytes. */
  readonly memory?: number;
  /** A number that changes with each write (Memcached). */
  readonly cas?: bigint;
}

export interface InspectedTags {
  readonly names: readonly string[];
  /** Whether these are all tags, in their original order. */
  readonly isOrdered: boolean;
  /** Tags that do not list the entry, so that flushing them would not remove it. */
  readonly unlisted?: readonly string[];
}

export interface InspectedLock {
  readonly owner: string;
  readonly detectedBy: DetectedBy;
}

export interface NearKey {
  readonly storedKey: string;
  /** Such as `without the connection prefix`. */
  readonly difference: string;
}
