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

/** `LockContended`: somebody tried to get it, and did not. A lock whose ttl is over expires like any key. */
export type EventType = (typeof EVENT_TYPES)[number];

/** Who did it, as far as the source tells. */
export interface EventClient {
  /** `host:port`. */
  readonly address?: string;
  /** What the client calls itself. */
  readonly name?: string;
}

export interface CacheEvent {
  /** When the server said so; where it does not date its events, when we heard. */
  readonly time: Date;
  readonly type: EventType;
  /** Without prefixes. Undefined where the event is of the whole store (CacheFlushed). */
  readonly key?: string;
  /** The key lies under another prefix, and stands there whole. Only where `everything` was asked for. */
  readonly isForeign?: true;
  /** Those known that the entry carries; left out where the source does not tell. */
  readonly tags?: readonly string[];
  /** Seconds; present where the source tells. */
  readonly ttl?: Ttl;
  /** Stored bytes; present where the source tells. */
  readonly size?: number;
  readonly client?: EventClient;
}

/** A place that events can be had from. */
export interface EventSource {
  /** What `--source` calls it: `monitor`. */
  readonly name: string;
  /** At best; what a server's version or settings lack, `EventStream.types` leaves out. */
  readonly types: readonly EventType[];
  /** Whether it tells who did it. */
  readonly clients: boolean;
  /** Whether it can tell which tags an entry carries. */
  readonly tags: boolean;
}

/** Where a driver has its events from. */
export interface StoreEvents {
  /** At least one; the cheapest for the server first. */
  readonly sources: readonly EventSource[];
  open(options: SourceOptions): Promise<EventStream>;
}

/** Something that was not told, for another reason than that the reader was slow. */
export interface Missed {
  /** What and why, in one line for people: `host:port was away for 2s; what happened meanwhile was missed`. */
  readonly text: string;
  /** How many events, where the server says. */
  readonly events?: number;
}

export interface EventsOptions {
  /** Ends the stream, and everything that was switched on for it. */
  readonly signal: AbortSignal;
  /** May change the server's settings for as long as the stream lives. */
  readonly enable: boolean;
  /** The name of a source; by default the first. */
  readonly source?: string;
  /** Keys under other prefixes, too. */
  readonly everything?: boolean;
  /** Tell tags, also where that costs questions to the server. */
  readonly tags?: boolean;
  /** Cheap, and asked first: nothing is made of an event that is not wanted. */
  wants?(type: EventType, key: string | undefined): boolean;
  /** Asked of what is wanted. What does not match is neither told nor counted as dropped. */
  matches?(event: CacheEvent): boolean;
  /** Told at once when a server is lost, and before the stream tries to get it back. */
  onLost?(why: Error): void;
  /** The stream goes on behind a gap, for as long as that takes; without a listener a gap ends it with an error. */
  onMissed?(missed: Missed): void;
}

export interface SourceOptions extends EventsOptions {
  /** The name of one of the driver's sources. */
  readonly source: string;
}

/** A stream that is up: what it was put up for can be heard from now on. */
export interface EventStream extends AsyncIterable<CacheEvent> {
  /** Where the events come from, what it cannot tell, and what it costs the server, in one line for people. */
  readonly source: string;
  /** Why events may fail to come, where that cannot be ruled out: a script must know, too. */
  readonly warning?: string;
  readonly types: readonly EventType[];
  /** How many events that matched were left out up to now, since they came faster than they were read. */
  readonly dropped?: number;
  /**
   * What entries hold now, for a preview: read so that this stream does not tell of it. Left out where reading is never
   * told; then `many` serves.
   */
  peek?(keys: readonly string[]): Promise<ReadonlyArray<Reading>>;
}
