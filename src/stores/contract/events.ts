import type { Reading, Ttl } from './entries.js';

export const EVENT_TYPES = [
  'CacheHit',
  'CacheMissed',
  'KeyWritten',
  'KeyForgotten',
  'KeyExpired',
  'KeyEvicted',
  'LockAcquired',
  'LockContended',
  'LockReleased',
  'CacheFlushed',
] as const;

/** `LockContended`: someone tried to acquire a held lock. A lock whose TTL ends is reported as `KeyExpired`. */
export type EventType = (typeof EVENT_TYPES)[number];

/** The client that caused an event, as far as the source knows. */
export interface EventClient {
  /** `host:port`. */
  readonly address?: string;
  /** The name that the client gave itself. */
  readonly name?: string;
}

export interface CacheEvent {
  /** The server's time; if the source has none, the time of arrival. */
  readonly time: Date;
  readonly type: EventType;
  /** Without prefixes. Undefined for events of the whole store (CacheFlushed). */
  readonly key?: string;
  /** The key is under another prefix and is complete. Only with `everything`. */
  readonly isForeign?: true;
  /** The known tags of the entry. Absent if the source does not know them. */
  readonly tags?: readonly string[];
  /** In seconds, if the source knows it. */
  readonly ttl?: Ttl;
  /** Stored bytes, if the source knows them. */
  readonly size?: number;
  readonly client?: EventClient;
}

/** A mechanism that reports events. */
export interface EventSource {
  /** The value of `--source`, such as `monitor`. */
  readonly name: string;
  /** At best. `EventStream.types` leaves out what the version or settings of a server do not report. */
  readonly types: readonly EventType[];
  /** Whether it reports clients. */
  readonly clients: boolean;
  /** Whether it can report the tags of entries. */
  readonly tags: boolean;
}

/** The event sources of a driver. */
export interface StoreEvents {
  /** At least one, the cheapest for the server first. */
  readonly sources: readonly EventSource[];
  open(options: SourceOptions): Promise<EventStream>;
}

/** A gap in the events that a slow reader did not cause. */
export interface Missed {
  /** What was lost and why, in one line for people. */
  readonly text: string;
  /** How many events, if the server reports it. */
  readonly events?: number;
}

export interface EventsOptions {
  /** Ends the stream and reverts everything that was enabled for it. */
  readonly signal: AbortSignal;
  /** Whether settings of the server may be changed while the stream runs. */
  readonly enable: boolean;
  /** The name of a source; the first by default. */
  readonly source?: string;
  /** Include keys under other prefixes. */
  readonly everything?: boolean;
  /** Report tags, even if that needs requests to the server. */
  readonly tags?: boolean;
  /** A cheap filter that runs first: unwanted events are not decoded. */
  wants?(type: EventType, key: string | undefined): boolean;
  /** A filter for complete events. Events that do not match are neither reported nor counted as dropped. */
  matches?(event: CacheEvent): boolean;
  /** Called as soon as a server is lost, before the stream reconnects. */
  onLost?(why: Error): void;
  /**
   * Called after a gap; the stream reconnects for as long as necessary. Without it, a gap ends the stream with an
   * error.
   */
  onMissed?(missed: Missed): void;
}

export interface SourceOptions extends EventsOptions {
  /** The name of one of the driver's sources. */
  readonly source: string;
}

/** An open stream. No event is missed from now on. */
export interface EventStream extends AsyncIterable<CacheEvent> {
  /** Where the events come from, what the source cannot report, and its cost for the server, in one line for people. */
  readonly source: string;
  /** Why events may be missing, if that cannot be ruled out. Scripts need to know it, too. */
  readonly warning?: string;
  readonly types: readonly EventType[];
  /** How many matching events were dropped so far because they were not read fast enough. */
  readonly dropped?: number;
  /**
   * Read entries for a preview without causing events in this stream. Absent if reads cause no events; then `many` is
   * used.
   */
  peek?(keys: readonly string[]): Promise<ReadonlyArray<Reading>>;
}
