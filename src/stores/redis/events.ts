import type { Redis } from 'ioredis';

import type { CacheEvent, EventsOptions, EventStream, EventType } from '../event-contract.js';
import type { Connection, Node } from './connection.js';
import type { Room } from './entries.js';

import { RefusedError, UnreachableError } from '../../errors.js';
import { EventQueue } from '../event-queue.js';
import { isTagSetKey } from '../tag-names.js';
import { translated } from './errors.js';
import { type Notifications, switchOn } from './notifications.js';

/** What keyspace notifications can tell. Hits are never announced, nor is FLUSHDB. */
export const EVENTS: readonly EventType[] = ['KeyWritten', 'KeyForgotten', 'KeyExpired', 'KeyEvicted', 'CacheMissed'];

/**
 * The names of Redis's events by what they are to a cache. A SET with a ttl makes `set` and `expire`; `expire` alone is
 * another ttl for the same value, which is no event of a cache.
 */
const TYPES: ReadonlyMap<string, EventType> = new Map([
  ['append', 'KeyWritten'],
  ['copy_to', 'KeyWritten'],
  ['incrby', 'KeyWritten'],
  ['incrbyfloat', 'KeyWritten'],
  ['move_to', 'KeyWritten'],
  ['rename_to', 'KeyWritten'],
  ['restore', 'KeyWritten'],
  ['set', 'KeyWritten'],
  ['setrange', 'KeyWritten'],
  ['del', 'KeyForgotten'],
  ['move_from', 'KeyForgotten'],
  ['rename_from', 'KeyForgotten'],
  ['expired', 'KeyExpired'],
  ['evicted', 'KeyEvicted'],
  ['keymiss', 'CacheMissed'],
] as const);

/** How often a tail asks whether it would still be told. Nobody says so when notifications are switched off. */
const CHECK_MS = 2000;

/**
 * Events from the keyspace notifications of every server that keys live on. Each is dated when it is heard. Ends with
 * the signal, and puts back what was switched on. A connection that is lost ends it with UnreachableError, one that is
 * silent with TimeoutError, notifications that somebody switches off with RefusedError.
 */
export async function tail(room: Room, { signal, enable }: EventsOptions): Promise<Tail> {
  signal.throwIfAborted();
  const queue = new EventQueue<CacheEvent>();
  const opened = new Tail(queue, await switchOn(room.connection, { enable }), room.connection.location);
  try {
    for (const node of await room.connection.nodes()) opened.subscribers.push(await subscribe(node, room, queue));
  } catch (error) {
    await opened.stop();
    throw error;
  }

  opened.keepChecking();
  // What goes wrong at the end is thrown by the iteration.
  signal.addEventListener('abort', async () => opened.stop(), { once: true });
  // It may have come while the connections were made.
  if (signal.aborted) await opened.stop();
  return opened;
}

export class Tail implements EventStream {
  readonly source: string;
  readonly warning?: string;
  readonly types: readonly EventType[];
  readonly subscribers: Redis[] = [];
  readonly #queue: EventQueue<CacheEvent>;
  readonly #notifications: Notifications;
  readonly #location: string;
  #nextCheck: NodeJS.Timeout | undefined;
  #stopped: Promise<void> | undefined;
  #failure: Error | undefined;

  constructor(queue: EventQueue<CacheEvent>, notifications: Notifications, location: string) {
    this.types = EVENTS.filter((type) => notifications.tells(type));
    const untold = ['hits', ...(notifications.tells('CacheMissed') ? [] : ['misses (notify-keyspace-events lacks m)'])];
    const told = `writes and deletions of every client; not told are ${untold.join(', ')} and FLUSHDB`;
    this.source = `keyspace notifications: ${told}`;
    if (!notifications.isVerified) this.warning = UNVERIFIED;
    this.#queue = queue;
    this.#notifications = notifications;
    this.#location = location;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<CacheEvent> {
    try {
      yield* this.#queue;
    } finally {
      await this.stop();
    }

    if (this.#failure) throw this.#failure;
  }

  /** Until it is stopped; what it finds ends the stream. */
  keepChecking(): void {
    this.#nextCheck = setTimeout(async () => {
      try {
        await Promise.all(this.subscribers.map(async (subscriber) => answered(subscriber, this.#location)));
        await this.#notifications.check();
        if (this.#stopped === undefined) this.keepChecking();
      } catch (error) {
        this.#queue.fail(error as Error);
      }
    }, CHECK_MS);
  }

  /** Ends the stream behind what waits to be read, and puts back what was switched on. Never throws; see the iteration. */
  async stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#queue.end();
    clearTimeout(this.#nextCheck);
    for (const subscriber of this.subscribers) subscriber.disconnect();
    try {
      await this.#notifications.switchBack();
    } catch (error) {
      this.#failure = error as Error;
    }
  }
}

/** Where CONFIG is forbidden, as with most providers. */
const UNVERIFIED =
  'whether notifications are on cannot be seen here (if nothing comes, set notify-keyspace-events to Eg$xem with the provider)';

/** A server or network that went silent without a word closes nothing. */
async function answered(subscriber: Redis, location: string): Promise<void> {
  try {
    await subscriber.ping();
  } catch (error) {
    const known = translated(error, location);
    // A user without the right to ping gets an answer, too.
    if (!(known instanceof RefusedError)) throw known;
  }
}

async function subscribe(node: Node, { connection, keys }: Room, queue: EventQueue<CacheEvent>): Promise<Redis> {
  const subscriber = await node.dedicated();
  const channel = channelPrefix(connection);
  subscriber.on('messageBuffer', (name: Buffer, full: Buffer) => {
    const type = TYPES.get(name.subarray(channel.length).toString());
    if (type === undefined || !keys.isOurs(full)) return;
    const key = keys.short(full);
    if (!isTagSetKey(key)) queue.push({ time: new Date(), type, key });
  });
  subscriber.on('end', () => {
    queue.fail(
      new UnreachableError(
        `${connection.location} closed the connection`,
        'Events after that were missed. Start it again.',
      ),
    );
  });
  try {
    await subscriber.subscribe(...[...TYPES.keys()].map((name) => channel + name));
  } catch (error) {
    subscriber.disconnect();
    throw translated(error, connection.location);
  }

  return subscriber;
}

function channelPrefix({ database }: Connection): string {
  return `__keyevent@${database}__:`;
}
