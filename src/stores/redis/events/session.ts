import { setTimeout as sleep } from 'node:timers/promises';

import type { CacheEvent, EventType } from '../../contract/events.js';
import type { Reading } from '../../contract/store.js';
import type { Node } from '../client/command.js';
import type { Connection } from '../connection.js';
import type { RedisContext } from '../context.js';
import type { NotifiedPlaces } from './notified-keys.js';
import type { Hearer, Session } from './tail.js';

import { translated } from '../errors.js';
import { Peek } from '../listing/peek.js';

/** How often to check that events still arrive, in milliseconds. No server announces that notifications were turned off. */
const CHECK_MS = 2000;

/** One server that is listened to. */
export interface Listener {
  /** Until the session is over. @throws when the connection is lost */
  readonly events: AsyncIterable<readonly CacheEvent[]>;
  /** Called while `events` is read, first right after it opened. @throws when the server, or the network, has gone silent */
  check(): Promise<void>;
}

/** What sets one source of events apart from another. */
export interface SourceOfEvents {
  /** For people: where the events come from, and what it costs. */
  readonly source: string;
  readonly warning: string | undefined;
  readonly types: readonly EventType[];
  /** Nothing is missed from when it resolves until the signal aborts, which also ends an attempt to open. */
  listen(connection: Connection, node: Node, signal: AbortSignal): Promise<Listener>;
}

/** Listens to every server that keys live on, and to primaries that join a cluster later. */
export class RedisSession implements Session {
  readonly source: string;
  readonly warning: string | undefined;
  readonly types: readonly EventType[];
  heardAt = new Date();
  readonly #listen: SourceOfEvents['listen'];
  readonly #context: RedisContext;
  readonly #hearer: Hearer;
  readonly #notifications: NotifiedPlaces;
  readonly #peek: Peek;
  /** By location and node. */
  readonly #listeners = new Map<string, Listener>();
  readonly #over = new AbortController();

  /** Starts to listen; what was switched on is put back if that fails. */
  static async open(
    context: RedisContext,
    hearer: Hearer,
    notifications: NotifiedPlaces,
    source: SourceOfEvents,
  ): Promise<RedisSession> {
    const session = new RedisSession(context, hearer, notifications, source);
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

  private constructor(context: RedisContext, hearer: Hearer, notifications: NotifiedPlaces, source: SourceOfEvents) {
    this.source = source.source;
    this.warning = source.warning;
    this.types = source.types;
    this.#listen = source.listen;
    this.#context = context;
    this.#hearer = hearer;
    this.#notifications = notifications;
    this.#peek = new Peek(context);
  }

  async peek(keys: readonly string[]): Promise<readonly Reading[]> {
    return this.#peek.many(keys);
  }

  async stop(): Promise<void> {
    this.#over.abort();
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

  async #add(connection: Connection, node: Node): Promise<void> {
    const listener = await this.#listen(connection, node, this.#over.signal);
    this.#listeners.set(`${connection.location} ${node.id}`, listener);
    this.#unlessOver(this.#pass(listener));
    await listener.check();
  }

  async #pass({ events }: Listener): Promise<void> {
    for await (const batch of events) for (const event of batch) this.#hearer.tell(event);
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
    for (const node of await connection.nodesAnew()) {
      if (this.#listeners.has(`${connection.location} ${node.id}`)) continue;
      await this.#add(connection, node);
      const since = new Date().toISOString();
      this.#hearer.missed(`${node.id} is a primary of the cluster now; events there before ${since} were missed`);
    }
  }

  /** Report why the work failed, unless the session is over anyway. */
  #unlessOver(work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (!this.#over.signal.aborted) this.#hearer.fail(translated(error, this.#context.connection.location));
    });
  }
}
