import type { CachectlError } from '../../errors.js';
import type { EventsOptions, EventStream } from '../contract/events.js';
import type { EventQueue } from './queue.js';

import { pause } from '../../async.js';
import { isPassing } from '../../errors.js';

/** Pauses between attempts to reconnect, in milliseconds. Each is twice the previous one. */
const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 2000;

/** A connection that reports every event from the moment it is open. */
export interface Session {
  /** All events before this time were reported. A silent connection is noticed late. */
  readonly heardAt: Date;
  /** Whether it continues exactly where the previous session ended. */
  readonly isGapless?: boolean;
  /**
   * Run until the signal aborts, then clean up. Call it once; with an aborted signal it only cleans up.
   * @returns the error if the connection was already lost when the signal aborted
   * @throws CachectlError if the connection is lost, after cleaning up; after the signal, if cleaning up failed
   */
  run(signal: AbortSignal): Promise<CachectlError | undefined>;
}

/** Events of one server, collection or file, across sessions. */
export interface Feed {
  /** What a gap may lose: `changes of cache`; `events` by default. */
  readonly subject?: string;
  /** Feeds of one server report its loss once. */
  readonly server?: string;
  /** @param signal ends an attempt to reconnect. A session that is returned anyway is run once to clean up. */
  open(signal: AbortSignal): Promise<Session>;
  /** Whether reconnecting may help. By default it does after a lost connection, a timeout, and while a server starts. */
  isTransient?(error: CachectlError): boolean;
}

/** When a tail ends and who learns of gaps. Without `onMissed` a gap ends it with an error. */
export type TailOptions = Pick<EventsOptions, 'onLost' | 'onMissed' | 'signal'>;

/** How a tail describes itself. */
export interface TailDescription<Type> {
  readonly source: string;
  readonly warning?: string | undefined;
  readonly types: readonly Type[];
  readonly peek?: EventStream['peek'];
}

/**
 * Open every feed and keep them running across lost connections.
 * @param queue receives the events of the feeds
 * @param description called once all feeds are open
 * @throws the error of a feed that cannot be opened; nothing is left behind
 */
export async function openTail<Event extends { readonly type: string }>(
  feeds: readonly Feed[],
  queue: EventQueue<Event>,
  options: TailOptions,
  description: () => TailDescription<Event['type']>,
): Promise<Tail<Event>> {
  const opened: Session[] = [];
  try {
    for (const feed of feeds) opened.push(await feed.open(new AbortController().signal));
  } catch (error) {
    await Promise.allSettled(opened.map(async (session) => session.run(AbortSignal.abort())));
    throw error;
  }

  const lost = new Set<Feed | string>();
  const loops = feeds.map(
    (feed, index) => async (signal: AbortSignal) => resume(opened[index]!, feed, { ...options, lost, signal }),
  );
  return new Tail(description(), queue, options.signal, loops);
}

/** Events of feeds that run even if no one reads them. */
export class Tail<Event extends { readonly type: string }> implements AsyncIterable<Event> {
  readonly source: string;
  readonly warning?: string;
  readonly types: ReadonlyArray<Event['type']>;
  readonly peek?: NonNullable<EventStream['peek']>;
  readonly #queue: EventQueue<Event>;
  readonly #end = new AbortController();
  readonly #ended: Promise<void>;

  constructor(
    { source, warning, types, peek }: TailDescription<Event['type']>,
    queue: EventQueue<Event>,
    signal: AbortSignal,
    loops: ReadonlyArray<(signal: AbortSignal) => Promise<void>>,
  ) {
    this.source = source;
    if (warning !== undefined) this.warning = warning;
    this.types = types;
    if (peek !== undefined) this.peek = peek;
    this.#queue = queue;
    this.#ended = this.#run(loops, AbortSignal.any([signal, this.#end.signal]));
  }

  get dropped(): number {
    return this.#queue.dropped;
  }

  /** Ends after the queued events. @throws the error that ended the tail, or an error of cleaning up */
  async *[Symbol.asyncIterator](): AsyncGenerator<Event> {
    try {
      yield* this.#queue;
    } finally {
      await this.stop();
    }
  }

  /** Resolves once every feed has cleaned up. Never throws; see the iteration. */
  async stop(): Promise<void> {
    this.#end.abort();
    await this.#ended;
  }

  async #run(loops: ReadonlyArray<(signal: AbortSignal) => Promise<void>>, signal: AbortSignal): Promise<void> {
    await Promise.all(
      loops.map(async (loop) => {
        try {
          await loop(signal);
        } catch (error) {
          this.#queue.fail(error as Error);
          this.#end.abort();
        }
      }),
    );
    this.#queue.end();
  }
}

interface Resuming extends TailOptions {
  /** Servers whose loss has been reported. */
  readonly lost: Set<Feed | string>;
}

/** Run session after session until the signal aborts. @throws an error that reconnecting cannot fix */
async function resume(first: Session, feed: Feed, { lost, signal, onLost, onMissed }: Resuming): Promise<void> {
  const server = feed.server ?? feed;
  for (let session: Session | undefined = first; session !== undefined;) {
    try {
      const lost = await session.run(signal);
      if (lost !== undefined) onMissed?.({ text: gapText(lost, session.heardAt, feed.subject) });
      return;
    } catch (error) {
      const why = error as CachectlError;
      if (signal.aborted || onMissed === undefined || !canReconnect(feed, why)) throw why;
      const since = session.heardAt;
      if (!lost.has(server)) onLost?.(why);
      lost.add(server);
      session = await reopened(feed, signal);
      lost.delete(server);
      if (session?.isGapless !== true) onMissed({ text: gapText(why, since, feed.subject) });
    }
  }
}

/** Undefined if the signal aborted first. */
async function reopened(feed: Feed, signal: AbortSignal): Promise<Session | undefined> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
    await pause(pauseMs, signal);
    if (signal.aborted) return undefined;
    try {
      return await feed.open(signal);
    } catch (error) {
      if (!signal.aborted && !canReconnect(feed, error as CachectlError)) throw error;
    }
  }
}

function canReconnect(feed: Feed, error: CachectlError): boolean {
  return feed.isTransient?.(error) ?? isPassing(error);
}

/** Describe a gap that ends now. */
function gapText({ message }: Error, since: Date, subject = 'events'): string {
  return `${message}; ${subject} from ${since.toISOString()} to ${new Date().toISOString()} may have been missed`;
}
