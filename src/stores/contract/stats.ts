import type { ListedEntry } from './listing.js';

/**
 * What one server, or one file, says of itself. What it does not tell is left out, and never 0. Counters run since it was
 * started.
 */
export interface ServerStats {
  /** `host:port`, or the path of a file. */
  readonly name: string;
  /** `Redis`, `Valkey`, `Memcached`. */
  readonly software?: string;
  readonly version?: string;
  /** Seconds since it was started. */
  readonly uptime?: number;
  /** `primary`, `replica`, or what else it calls itself. */
  readonly role?: string;
  /** How many copy it. */
  readonly replicas?: number;
  /** What the cache's database (or table, or collection) holds, under whatever prefix. */
  readonly entries?: number;
  /** What that takes. */
  readonly bytes?: number;
  /** How much that may become; null where there is no limit. */
  readonly maxBytes?: number | null;
  readonly hits?: number;
  readonly misses?: number;
  readonly evictions?: number;
  readonly expired?: number;
  /** Bytes that the server has from its system. */
  readonly memory?: number;
  /** Bytes that it has for each byte that it uses. */
  readonly fragmentation?: number;
  readonly clients?: number;
  readonly commands?: number;
  /** Of late, by the server's own reckoning. */
  readonly commandsPerSecond?: number;
  /** What only stores of this kind have, by its name in JSON. */
  readonly details?: Readonly<Record<string, StatsDetail>>;
  /** Why it could not be asked at all; then there is nothing else. */
  readonly failure?: Error;
}

/** One figure. People read it by its name: `peakBytes` as `peak bytes`. */
export interface StatsDetail {
  readonly value: boolean | number | string;
  readonly unit?: 'bytes' | 'seconds';
}

export interface StoreStats {
  /** At least one. */
  readonly servers: readonly ServerStats[];
  /** How many keys lie under the prefix; left out where to count them would take the store too long. */
  readonly underPrefix?: number;
  /** What may not be asked, or could not be told, and why; a line each, for people. */
  readonly notes: readonly string[];
}

export interface StatsOptions {
  readonly signal?: AbortSignal;
  /** Only what costs each server a question or two: it is asked again and again. */
  readonly brief?: boolean;
}

export type SampledEntry = Pick<ListedEntry, 'size' | 'ttl'>;

/** Some of the entries under the prefix. */
export interface Sample {
  readonly entries: readonly SampledEntry[];
  /** How they were chosen, for people: `a slice of the server's hash table, which has no order`. */
  readonly method: string;
  /** There are no others. */
  readonly isComplete: boolean;
  /** Each was as likely to be chosen as any other. */
  readonly isRandom: boolean;
  /** How many keys or rows were looked at to find them, those of others included; as far as it is known. */
  readonly looked?: number;
}

export interface SampleOptions {
  readonly signal?: AbortSignal;
  /** How many entries, at most. */
  readonly size: number;
}
