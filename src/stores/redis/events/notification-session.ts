import type { Redis } from 'ioredis';

import type { CacheEvent, EventsOptions, EventType } from '../../contract/events.js';
import type { Reading } from '../../contract/store.js';
import type { Node } from '../client/command.js';
import type { Connection } from '../connection.js';
import type { RedisContext } from '../context.js';
import type { Hearer, Session } from './tail.js';

import { RefusedError, UnreachableError } from '../../../errors.js';
import { keyFromBytes } from '../../entries/key-text.js';
import { isLaravelLockName } from '../../locks/names.js';
import { mayBeLockThere } from '../../locks/rule.js';
import { isTagSetKey } from '../../tags/names.js';
import { translated } from '../errors.js';
import { Peek } from '../listing/peek.js';
import { TagLookup } from '../tags/lookup.js';
import { Finish } from './enricher.js';
import { LOCK_TYPES, TYPES } from './keyspace-events.js';
import { type NotifiedPlaces, switchOnPlaces } from './notified-keys.js';
import { NOTIFIED } from './sources.js';

/** How often it is asked whether we would still be told, in milliseconds. Nobody says so when notifications are switched off. */
export const CHECK_MS = 2000;

/** Hears the keyspace notifications of every server that keys live on. They are dated when they are heard. */
export async function openNotifications(
  context: RedisContext,
  options: EventsOptions,
  hearer: Hearer,
): Promise<Session> {
  const notifications = await switchOnPlaces(context, options);
  const session = new NotificationSession(context, options, hearer, notifications);
  try {
    await session.begin();
  } catch (error) {
    await session.stop();
    throw error;
  }

  return session;
}

class NotificationSession implements Session {
  readonly source: string;
  readonly warning: string | undefined;
  readonly types: readonly EventType[];
  readonly #context: RedisContext;
  readonly #hearer: Hearer;
  readonly #options: EventsOptions;
  readonly #notifications: NotifiedPlaces;
  readonly #finish: Finish;
  readonly #peek: Peek;
  /** By the server, and what lies there. */
  readonly #subscribers = new Map<string, Redis>();
  #nextCheck: NodeJS.Timeout | undefined;
  #heardAt = new Date();
  #isOver = false;

  constructor(context: RedisContext, options: EventsOptions, hearer: Hearer, notifications: NotifiedPlaces) {
    this.types = NOTIFIED.filter((type) => notifications.tells(type));
    const untold = ['hits', ...(notifications.tells('CacheMissed') ? [] : ['misses (notify-keyspace-events lacks m)'])];
    const told = `writes and deletions of every client; not told are ${untold.join(', ')}, who did it, and FLUSHDB`;
    this.source = `keyspace notifications: ${told}; ${locksOf(notifications)}`;
    this.warning = warningOf(notifications, UNVERIFIED);
    this.#context = context;
    this.#hearer = hearer;
    this.#notifications = notifications;
    this.#options = options;
    const { connection, keys, packing } = context;
    this.#finish = new Finish(options, hearer, {
      tags: new TagLookup(connection, keys, packing.texts),
      location: connection.location,
    });
    this.#peek = new Peek(context);
  }

  get heardAt(): Date {
    return this.#heardAt;
  }

  async begin(): Promise<void> {
    for (const connection of this.#places()) {
      for (const node of await connection.nodes()) await this.#subscribe(connection, node);
    }

    this.#heardAt = new Date();
    this.#checkLater();
  }

  async peek(keys: readonly string[]): Promise<readonly Reading[]> {
    return this.#peek.many(keys);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#nextCheck);
    for (const subscriber of this.#subscribers.values()) subscriber.disconnect();
    try {
      await this.#notifications.switchBack();
    } finally {
      await Promise.all([this.#context.connection.close(), this.#context.lockConnection.close()]);
    }
  }

  #places(): readonly Connection[] {
    const { lockConnection } = this.#notifications;
    return lockConnection === undefined ? [this.#context.connection] : [this.#context.connection, lockConnection];
  }

  async #subscribe(connection: Connection, node: Node): Promise<void> {
    const story = new NotificationStory(
      this.#context,
      this.#options,
      connection === this.#notifications.lockConnection,
    );
    const subscriber = await node.dedicated();
    if (this.#isOver) {
      subscriber.disconnect();
      throw closed(connection, node);
    }

    this.#subscribers.set(`${connection.location} ${node.id}`, subscriber);
    const channel = channelPrefix(connection);
    subscriber.on('messageBuffer', (name: Buffer, full: Buffer) => {
      const event = story.heard(name.subarray(channel.length).toString(), full);
      if (event !== undefined) this.#finish.take(event);
    });
    subscriber.on('end', () => {
      if (!this.#isOver) this.#hearer.fail(closed(connection, node));
    });
    try {
      await subscriber.subscribe(...[...TYPES.keys()].map((name) => channel + name));
    } catch (error) {
      throw translated(error, connection.location);
    }
  }

  /** What it finds ends the session. */
  #checkLater(): void {
    this.#nextCheck = setTimeout(async () => {
      try {
        const { location } = this.#context.connection;
        const asked = new Date();
        await Promise.all([...this.#subscribers.values()].map(async (subscriber) => answered(subscriber, location)));
        await this.#notifications.check();
        await this.#followPrimaries();
        this.#heardAt = asked;
        if (!this.#isOver) this.#checkLater();
      } catch (error) {
        if (!this.#isOver) this.#hearer.fail(translated(error, this.#context.connection.location));
      }
    }, CHECK_MS);
  }

  /** A cluster may have others by now. */
  async #followPrimaries(): Promise<void> {
    for (const connection of this.#places()) {
      if (!connection.isCluster) continue;
      for (const node of await connection.nodesAnew()) {
        if (this.#subscribers.has(`${connection.location} ${node.id}`)) continue;
        await this.#subscribe(connection, node);
        this.#hearer.missed(joined(node));
      }
    }
  }
}

/** Makes events of notifications, which name an event and a key. */
class NotificationStory {
  readonly #context: RedisContext;
  readonly #options: EventsOptions;
  /** What lies there is a lock, unless its name says otherwise: values are not seen. */
  readonly #isPlaceOfLocks: boolean;

  constructor(context: RedisContext, options: EventsOptions, isPlaceOfLocks: boolean) {
    this.#context = context;
    this.#options = options;
    this.#isPlaceOfLocks = isPlaceOfLocks;
  }

  heard(name: string, full: Buffer): CacheEvent | undefined {
    const type = TYPES.get(name);
    const { keys } = this.#context;
    const isOurs = keys.isOurs(full);
    if (type === undefined || (!isOurs && (!this.#options.everything || keys.isBookkeeping(full)))) return undefined;
    const key = isOurs ? keys.short(full) : keyFromBytes(full);
    if (isTagSetKey(key)) return undefined;
    const isLock = isLaravelLockName(key) || (this.#isPlaceOfLocks && mayBeLockThere(key));
    const told = isLock ? LOCK_TYPES[type] : type;
    if (told === undefined || this.#options.wants?.(told, key) === false) return undefined;
    return { time: new Date(), type: told, key, ...(!isOurs && { isForeign: true as const }) };
  }
}

/** A server or network that went away. */
export function closed({ isCluster, location }: Connection, { id }: Node): UnreachableError {
  const who = isCluster ? `${id} of ${location}` : location;
  return new UnreachableError(`${who} closed the connection`, 'Events after that were missed. Start it again.');
}

/** What is said of a primary that a cluster did not have before. */
export function joined({ id }: Node): string {
  return `${id} is a primary of the cluster now; what happened there before ${new Date().toISOString()} was missed`;
}

function locksOf({ lockConnection, locksUntold }: NotifiedPlaces): string {
  if (locksUntold !== undefined) return 'locks are not told';
  return lockConnection === undefined
    ? 'locks are those of Laravel’s families'
    : `locks are what lies in ${lockConnection.location}, but for sessions`;
}

/** @param unverified said where it cannot be seen whether notifications are on */
export function warningOf({ isVerified, locksUntold }: NotifiedPlaces, unverified: string): string | undefined {
  const warnings = [
    ...(isVerified ? [] : [unverified]),
    ...(locksUntold === undefined ? [] : [`locks are not told: ${locksUntold}`]),
  ];
  return warnings.length === 0 ? undefined : warnings.join('; ');
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

export function channelPrefix({ database }: Connection): string {
  return `__keyevent@${database}__:`;
}
