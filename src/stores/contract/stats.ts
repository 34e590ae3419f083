import type { ListedEntry } from './listing.js';

/** What one server or file reports. Unknown figures are absent, never 0. Counters start with the server. */
export interface ServerStats {
  /** `host:port`, or the path of a file. */
  readonly name: string;
  /** `Redis`, `Valkey`, `Memcached`. */
  readonly software?: string;
  readonly version?: string;
  /** In seconds. */
  readonly uptime?: number;
  /** `primary`, `replica`, or the server's own term. */
  readonly role?: string;
  readonly replicas?: number;
  /** Entries in the cache's database, table or collection, under any prefix. */
  readonly entries?: number;
  /** Bytes used by the entries. */
  readonly bytes?: number;
  /** The limit of `bytes`; null if there is none. */
  readonly maxBytes?: number | null;
  readonly hits?: number;
  readonly misses?: number;
  readonly evictions?: number;
  readonly expired?: number;
  /** Bytes that the server occupies in the operating system. */
  readonly memory?: number;
  /** Occupied bytes per used byte. */
  readonly fragmentation?: number;
  readonly clients?: number;
  readonly commands?: number;
  /** The recent rate, as computed by the server. */
  readonly commandsPerSecond?: number;
  /** Figures of this kind of store, by their names in JSON. */
  readonly details?: Readonly<Record<string, StatsDetail>>;
  /** Why the server could not be asked. Everything else is then absent. */
  readonly failure?: Error;
}

/** One figure. Its name is shown to people in words: `peakBytes` as `peak bytes`. */
export interface StatsDetail {
  readonly value: boolean | number | string;
  readonly unit?: 'bytes' | 'seconds';
}

export interface StoreStats {
  /** At least one. */
  readonly servers: readonly ServerStats[];
  /** The number of keys under the prefix. Absent if counting them would take too long. */
  readonly underPrefix?: number;
  /** What is missing and why; one line each, for people. */
  readonly notes: readonly string[];
}

export interface StatsOptions {
  readonly signal?: AbortSignal;
  /** Only what needs one or two requests per server, because it runs repeatedly. */
  readonly brief?: boolean;
}

export type SampledEntry = Pick<ListedEntry, 'size' | 'ttl'>;

/** A sample of the entries under the prefix. */
export interface Sample {
  readonly entries: readonly SampledEntry[];
  /** How they were chosen, for people: `a slice of the unordered hash table`. */
  readonly method: string;
  /** Whether the sample contains all entries. */
  readonly isComplete: boolean;
  /** Whether each entry was equally likely to be chosen. */
  readonly isRandom: boolean;
  /** How many keys or rows were read to find them, including those of others, if known. */
  readonly looked?: number;
}

export interface SampleOptions {
  readonly signal?: AbortSignal;
  /** The maximum number of entries. */
  readonly size: number;
}
