import { setTimeout as sleep } from 'node:timers/promises';

import type { CacheEvent, EventType } from '../../contract/events.js';
import type { Reading } from '../../contract/store.js';
import type { Node } from '../client/command.js';
import type { Connection } from '../connection.js';
import type { RedisContext } from '../context.js';
import type { NotifiedPlaces } from './notified-keys.js';
import type { EventSink, Session } from './tail.js';

import { translated } from '../errors.js';
import { Peek } from '../listing/peek.js';

/**
 * How often to check that events still arrive, in milliseconds. No server reports that notifications were turned off.
 */
const CHECK_MS = 2000;

/** One server that is watched. */
export interface Listener {
  /** Ends with the session. @throws if the connection is lost */
  readonly events: AsyncIterable<readonly CacheEvent[]>;
  /** Called while `events` is consumed, first right after opening. @throws if the server or the network is silent */
  check(): Promise<void>;
}

/** What differs between event sources. */
export interface SourceOfEvents {
  /** For people: where the events come from, and what that costs. */
  readonly source: string;
  readonly warning: string | undefined;
  readonly types: readonly EventType[];
  /** Once resolved, no event is missed until the signal aborts. The signal also cancels opening. */
  listen(connection: Connection, node: Node, signal: AbortSignal): Promise<Listener>;
}

/** Watches every server that holds keys, and primaries that join a cluster later. */
export class RedisSession implements Session {
  readonly source: string;
  readonly warning: string | undefined;
  readonly types: readonly EventType[];
  heardAt = new Date();
  readonly #listen: SourceOfEvents['listen'];
  readonly #context: RedisContext;
  readonly #sink: EventSink;
  readonly #notifications: NotifiedPlaces;
  readonly #peek: Peek;
  /** By location and node. */
  readonly #listeners = new Map<string, Listener>();
  readonly #over = new AbortController();

  /** Start watching. If that fails, changed settings are restored. */
  static async open(
    context: RedisContext,
    sink: EventSink,
    notifications: NotifiedPlaces,
    source: SourceOfEvents,
  ): Promise<RedisSession> {
    const session = new RedisSession(context, sink, notifications, source);
    try {
      for (const connection of session.#places()) {
        for (const node of await connection.nodes()) await session.#add(connection, node);
      }
    } catch (error) {
      await session.stop();
      throw error;
    }

    session.heardAt = new Date();
    session.#unlessOver(session.#checkOn());
    return session;
  }

  private constructor(context: RedisContext, sink: EventSink, notifications: NotifiedPlaces, source: SourceOfEvents) {
    this.source = source.source;
    this.warning = source.warning;
    this.types = source.types;
    this.#listen = source.listen;
    this.#context = context;
    this.#sink = sink;
    this.#notifications = notifications;
    this.#peek = new Peek(context);
  }

  async peek(keys: readonly string[]): Promise<readonly Reading[]> {
    return this.#peek.many(keys);
  }

  async stop(): Promise<void> {
    this.#over.abort();
    try {
      await this.#notifications.restore();
    } finally {
      await Promise.all([this.#context.connection.close(), this.#context.lockConnection.close()]);
    }
  }

  #places(): readonly Connection[] {
    const { lockConnection } = this.#notifications;
    return lockConnection === undefined ? [this.#context.connection] : [this.#context.connection, lockConnection];
  }

  async #add(connection: Connection, node: Node): Promise<void> {
    const listener = await this.#listen(connection, node, this.#over.signal);
    this.#listeners.set(`${connection.location} ${node.id}`, listener);
    this.#unlessOver(this.#pass(listener));
    await listener.check();
  }

  async #pass({ events }: Listener): Promise<void> {
    for await (const batch of events) for (const event of batch) this.#sink.push(event);
  }

  async #checkOn(): Promise<void> {
    for (;;) {
      await sleep(CHECK_MS, undefined, { signal: this.#over.signal });
      const asked = new Date();
      await this.#notifications.check();
      await Promise.all([...this.#listeners.values()].map(async (listener) => listener.check()));
      for (const connection of this.#places()) if (connection.isCluster) await this.#followPrimaries(connection);
      this.heardAt = asked;
    }
  }

  async #followPrimaries(connection: Connection): Promise<void> {
    for (const node of await connection.refreshedNodes()) {
      if (this.#listeners.has(`${connection.location} ${node.id}`)) continue;
      await this.#add(connection, node);
      const since = new Date().toISOString();
      this.#sink.missed(`${node.id} became a primary of the cluster; its events before ${since} were missed`);
    }
  }

  /** Report a failure, unless the session has ended. */
  #unlessOver(work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (!this.#over.signal.aborted) this.#sink.fail(translated(error, this.#context.connection.location));
    });
  }
}
