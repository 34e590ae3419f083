import type { EventsOptions, EventType } from '../../contract/events.js';
import type { Reading } from '../../contract/store.js';
import type { Node } from '../client/command.js';
import type { Connection } from '../connection.js';
import type { RedisContext } from '../context.js';
import type { Hearer, Session } from './tail.js';

import { RefusedError } from '../../../errors.js';
import { given } from '../client/replies.js';
import { translated } from '../errors.js';
import { Peek } from '../listing/peek.js';
import { lockPlaces, ruleAmongEntries } from '../locks/places.js';
import { TagLookup } from '../tags/lookup.js';
import { Callers } from './callers.js';
import { Finish } from './enricher.js';
import { Ear } from './monitor-connection.js';
import { MonitorStory } from './monitor-decoder.js';
import { CHECK_MS, joined, warningOf } from './notification-session.js';
import { type NotifiedPlaces, switchOnPlaces } from './notified-keys.js';
import { MONITORED } from './sources.js';

/** Needs the notifications, too: they say what became of a command. */
const OF_MISSES: ReadonlySet<EventType> = new Set(['CacheHit', 'CacheMissed']);

/** Hears every command of every server that keys live on. */
export async function openMonitor(context: RedisContext, options: EventsOptions, hearer: Hearer): Promise<Session> {
  const notifications = await switchOnPlaces(context, options);
  const session = new MonitorSession(context, options, hearer, notifications);
  try {
    await session.begin();
  } catch (error) {
    await session.stop();
    throw error;
  }

  return session;
}

class MonitorSession implements Session {
  readonly source: string;
  readonly warning: string | undefined;
  readonly types: readonly EventType[];
  readonly #context: RedisContext;
  readonly #options: EventsOptions;
  readonly #hearer: Hearer;
  readonly #notifications: NotifiedPlaces;
  readonly #peek: Peek;
  readonly #tags: TagLookup;
  /** By the server, and what lies there. */
  readonly #ears = new Map<string, Ear>();
  #nextCheck: NodeJS.Timeout | undefined;
  #heardAt = new Date();
  #isOver = false;

  constructor(context: RedisContext, options: EventsOptions, hearer: Hearer, notifications: NotifiedPlaces) {
    const tellsMisses = notifications.tells('CacheMissed');
    this.types = MONITORED.filter((type) => notifications.tells(type) && (tellsMisses || !OF_MISSES.has(type)));
    const untold = tellsMisses ? '' : '; lookups are not told (notify-keyspace-events lacks m)';
    this.source = `MONITOR and keyspace notifications: what every client does; it has the server print each command, which may cost a busy one half of its throughput meanwhile${untold}`;
    this.warning = warningOf(notifications, 'whether notifications are on cannot be seen here');
    this.#context = context;
    this.#options = options;
    this.#hearer = hearer;
    this.#notifications = notifications;
    this.#peek = new Peek(context);
    this.#tags = new TagLookup(context.connection, context.keys, context.packing.texts);
  }

  get heardAt(): Date {
    return this.#heardAt;
  }

  async begin(): Promise<void> {
    await this.#listenTo(this.#context.connection, await this.#context.connection.nodes());
    const { lockConnection } = this.#notifications;
    if (lockConnection !== undefined) await this.#listenTo(lockConnection, await lockConnection.nodes());
    this.#heardAt = new Date();
    this.#checkLater();
  }

  async peek(keys: readonly string[]): Promise<readonly Reading[]> {
    return this.#peek.many(keys);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#nextCheck);
    for (const ear of this.#ears.values()) ear.close();
    try {
      await this.#notifications.switchBack();
    } finally {
      await Promise.all([this.#context.connection.close(), this.#context.lockConnection.close()]);
    }
  }

  async #listenTo(connection: Connection, nodes: readonly Node[]): Promise<readonly Node[]> {
    const isNew = (node: Node): boolean => !this.#ears.has(`${connection.location} ${node.id}`);
    const added = nodes.filter((node) => isNew(node));
    for (const node of added) {
      if (this.#isOver) break;
      const callers = new Callers(node);
      const finish = new Finish(this.#options, this.#hearer, {
        tags: this.#tags,
        callers,
        location: connection.location,
      });
      const { keys, packing } = this.#context;
      const ear = new Ear(
        connection,
        node,
        this.#options.everything ? undefined : Buffer.from(keys.prefix).toString('latin1'),
      );
      this.#ears.set(`${connection.location} ${node.id}`, ear);
      const printsBehind = await printsBehindNotices(node);
      const story = new MonitorStory(
        {
          keys,
          texts: packing.texts,
          database: connection.database,
          rule:
            connection === this.#context.connection
              ? ruleAmongEntries(this.#context)
              : lockPlaces(this.#context)[0]!.rule,
          tellsMisses: this.#notifications.tells('CacheMissed'),
          tell: (event) => finish.take(event),
          namedClient: (address, name) => callers.learn(address, name),
          namedTagSet: (key) => this.#tags.heardOf(key),
        },
        this.#options,
        printsBehind,
      );
      await ear.open(story, (error) => {
        if (!this.#isOver) this.#hearer.fail(translated(error, connection.location));
      });
    }

    return added;
  }

  #checkLater(): void {
    this.#nextCheck = setTimeout(async () => {
      try {
        const asked = new Date();
        await this.#notifications.check();
        const { connection } = this.#context;
        if (connection.isCluster) {
          const added = await this.#listenTo(connection, await connection.nodesAnew());
          for (const node of added) this.#hearer.missed(joined(node));
        }

        await Promise.all([...this.#ears.values()].map(async (ear) => ear.check()));
        this.#heardAt = asked;
        if (!this.#isOver) this.#checkLater();
      } catch (error) {
        if (!this.#isOver) this.#hearer.fail(translated(error, this.#context.connection.location));
      }
    }, CHECK_MS);
  }
}

/** Since Redis 7 a command is printed when it has been carried out. */
async function printsBehindNotices(node: Node): Promise<boolean> {
  try {
    const info = String(given(await node.call('INFO', 'server')));
    return Number(/redis_version:(\d+)/.exec(info)?.[1] ?? 7) >= 7;
  } catch (error) {
    // Who may not ask has a server of these days, most likely.
    if (error instanceof RefusedError) return true;
    throw error;
  }
}
