import type { Entry } from './entries.js';
import type { ToldBy } from './locks.js';

/**
 * What a store knows of one key, beside what `get` says. Looking disturbs as little as the server lets it: what tells of
 * uses is asked before the value is read, and what is not there is not counted as a miss where that can be avoided.
 */
export interface Inspection {
  /** The whole key, as it lies in the store; left out where what it would be is not known (Memcached, of a tag without id). */
  readonly storedKey?: string;
  /** Without prefixes, as `keys` gives it. */
  readonly listedKey: string;
  /** Where that is, in the words of the store: `server`, `node`, `slot`, `database`, `collection`, `file`, `table`. */
  readonly place: Readonly<Record<string, number | string>>;
  /** Left out of a miss, and of what is no entry. */
  readonly entry?: Entry;
  /** What is no entry: a Redis list, say. */
  readonly other?: OtherKind;
  readonly format?: StoredFormat;
  /** When it expires; null for never; left out where the store does not tell. */
  readonly expiresAt?: Date | null;
  readonly usage?: Usage;
  readonly tags?: InspectedTags;
  /** Told to be a lock, or held by it, where locks lie among the entries. */
  readonly lock?: InspectedLock;
  /** The tag whose bookkeeping this is. */
  readonly tagKept?: string;
  /** Of a miss: when what is still stored there had expired. */
  readonly expiredAt?: Date;
  /** Of a miss: whole keys that differ in the prefixes alone, and are there. */
  readonly near?: readonly NearKey[];
}

export interface OtherKind {
  /** In the words of the store: `list`. */
  readonly type: string;
  /** How many elements it has. */
  readonly length?: number;
  /** The first of them, each with its parts: `[element]`, `[field, value]`, `[member, score]`, `[id, field, value, …]`. */
  readonly elements?: ReadonlyArray<readonly string[]> | undefined;
}

/** How the value is written. */
export interface StoredFormat {
  /** `php`, `igbinary`, `json`, `msgpack`, `raw`; `number`, `string` or `boolean` for what stands there bare. */
  readonly codec: string;
  /** `lz4`, say; left out of what is not compressed. */
  readonly compression?: string;
  /** Bytes of what was compressed, or otherwise wrapped, without that. */
  readonly plainSize?: number;
  /** How the server holds it, in its words: `embstr`, `base64`. */
  readonly encoding?: string;
}

/** What the server counts. */
export interface Usage {
  /** Seconds since it was last used, before this look. */
  readonly idle?: number;
  /** How often it is used, by the server's logarithmic count (Redis, where it evicts by that). */
  readonly frequency?: number;
  /** Whether it was read since it was written (Memcached). */
  readonly fetched?: boolean;
  /** Bytes that it takes in the server in all. */
  readonly memory?: number;
  /** A number that changes with each write (Memcached). */
  readonly cas?: bigint;
}

export interface InspectedTags {
  readonly names: readonly string[];
  /** Whether those are all of them, in the order in which they were put. */
  readonly isOrdered: boolean;
  /** Tags by which it would not be flushed, since they do not list it. */
  readonly unlisted?: readonly string[];
}

export interface InspectedLock {
  readonly owner: string;
  readonly toldBy: ToldBy;
}

export interface NearKey {
  readonly storedKey: string;
  /** `without the connection prefix`. */
  readonly difference: string;
}
