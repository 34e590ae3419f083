import type { Redis } from 'ioredis';

import { randomUUID } from 'node:crypto';

import type { Reading } from '../contract.js';
import type { EventsOptions, EventType } from '../event-contract.js';
import type { Connection, Node } from './connection.js';
import type { Room } from './entries.js';
import type { Hearer, Session } from './event-tail.js';

import { RefusedError, TimeoutError } from '../../errors.js';
import { Callers } from './callers.js';
import { translated } from './errors.js';
import { Finish } from './event-finish.js';
import { TYPES } from './keyspace-events.js';
import { MonitorStory } from './monitor-story.js';
import { channelPrefix, CHECK_MS, closed, joined, NOTIFIED } from './notification-session.js';
import { type Notifications, switchOn } from './notifications.js';
import { Peek } from './peek.js';
import { escaped, PrintedCommand } from './printed-command.js';
import { PushParser } from './push-parser.js';
import { given } from './replies.js';
import { TagLookup } from './tag-lookup.js';

export const MONITORED: readonly EventType[] = [...NOTIFIED, 'CacheHit', 'LockContended', 'CacheFlushed'];

/** Needs the notifications, too: they say what became of a command. */
const OF_MISSES: ReadonlySet<EventType> = new Set(['CacheHit', 'CacheMissed']);

/** How long after a command nothing more comes of it, in milliseconds: it all goes out in one write. */
const IDLE_MS = 20;

/** Hears every command of every server that keys live on. */
export async function openMonitor(room: Room, options: EventsOptions, hearer: Hearer): Promise<Session> {
  const notifications = await switchOn(room.connection, options);
  const session = new MonitorSession(room, options, hearer, notifications);
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
  readonly #room: Room;
  readonly #options: EventsOptions;
  readonly #hearer: Hearer;
  readonly #notifications: Notifications;
  readonly #peek: Peek;
  readonly #tags: TagLookup;
  /** By the server, and what lies there. */
  readonly #ears = new Map<string, Ear>();
  #nextCheck: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(room: Room, options: EventsOptions, hearer: Hearer, notifications: Notifications) {
    const tellsMisses = notifications.tells('CacheMissed');
    this.types = MONITORED.filter((type) => notifications.tells(type) && (tellsMisses || !OF_MISSES.has(type)));
    const untold = tellsMisses ? '' : '; lookups are not told (notify-keyspace-events lacks m)';
    this.source = `MONITOR and keyspace notifications: what every client does; it has the server print each command, which may cost a busy one half of its throughput meanwhile${untold}`;
    this.warning = notifications.isVerified ? undefined : 'whether notifications are on cannot be seen here';
    this.#room = room;
    this.#options = options;
    this.#hearer = hearer;
    this.#notifications = notifications;
    this.#peek = new Peek(room);
    this.#tags = new TagLookup(room.connection, room.keys, room.packing.texts);
  }

  async begin(): Promise<void> {
    await this.#listenTo(this.#room.connection, await this.#room.connection.nodes());
    const { lockConnection } = this.#room;
    if (lockConnection !== this.#room.connection) await this.#listenTo(lockConnection, await lockConnection.nodes());
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
      await Promise.all([this.#room.connection.close(), this.#room.lockConnection.close()]);
    }
  }

  async #listenTo(connection: Connection, nodes: readonly Node[]): Promise<readonly Node[]> {
    const isNew = (node: Node): boolean => !this.#ears.has(`${connection.location} ${node.id}`);
    const added = nodes.filter((node) => isNew(node));
    for (const node of added) {
      const callers = new Callers(node);
      const finish = new Finish(this.#options, this.#hearer, { tags: this.#tags, callers });
      const { keys, packing } = this.#room;
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
          isPlaceOfLocks: connection !== this.#room.connection,
          ownersStandOut: packing.ownersStandOut,
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
        await this.#notifications.check();
        const { connection } = this.#room;
        if (connection.isCluster) {
          const added = await this.#listenTo(connection, await connection.nodesAnew());
          for (const node of added) this.#hearer.missed(joined(node));
        }

        await Promise.all([...this.#ears.values()].map(async (ear) => ear.check()));
        if (!this.#isOver) this.#checkLater();
      } catch (error) {
        if (!this.#isOver) this.#hearer.fail(translated(error, this.#room.connection.location));
      }
    }, CHECK_MS);
  }
}

/** One server, on a connection that speaks RESP3: on such a one commands and notifications come in one order. */
class Ear {
  readonly #connection: Connection;
  readonly #node: Node;
  /** What is nobody's concern lacks it (`latin1`); undefined when everything is of concern. */
  readonly #prefix: string | undefined;
  /** The same as lines have it. */
  readonly #printedPrefix: string | undefined;
  readonly #channelPrefix: string;
  #redis: Redis | undefined;
  #story: MonitorStory | undefined;
  #idle: NodeJS.Timeout | undefined;
  /** Marks that are waited for, in commands of our own. */
  readonly #marks = new Map<string, (source: string) => void>();

  constructor(connection: Connection, node: Node, prefix: string | undefined) {
    this.#connection = connection;
    this.#node = node;
    this.#prefix = prefix;
    this.#printedPrefix = prefix === undefined ? undefined : escaped(prefix);
    this.#channelPrefix = channelPrefix(connection);
  }

  async open(story: MonitorStory, fail: (error: Error) => void): Promise<void> {
    this.#story = story;
    this.#redis = await this.#node.dedicated();
    const { stream } = this.#redis;
    // The library is of no use from here on: it knows no pushes between the answers of MONITOR.
    stream.removeAllListeners('data');
    let refusal: Error | undefined;
    const parser = new PushParser({
      notified: (channel, key) => this.#notified(channel, key),
      monitored: (line) => this.#printed(line),
      refused: (words) => {
        refusal = this.#refused(words);
        stream.destroy();
      },
    });
    stream.on('data', (chunk: Buffer) => {
      parser.feed(chunk);
      this.#idle ??= setTimeout(() => {
        this.#idle = undefined;
        story.idle();
      }, IDLE_MS);
    });
    let failed: ((error: Error) => void) | undefined;
    const lost = new Promise<never>((_, reject) => {
      failed = reject;
    });
    // Told by whoever waits for it, or by `fail`.
    lost.catch(() => {});
    stream.on('close', () => {
      const error = refusal ?? closed(this.#connection);
      failed!(error);
      fail(error);
    });
    const channels = [...TYPES.keys()].map((name) => channelPrefix(this.#connection) + name);
    stream.write(`HELLO 3\r\nSUBSCRIBE ${channels.join(' ')}\r\nMONITOR\r\n`);
    // What is printed of it says where our own commands come from; and from here on nothing is missed.
    story.leaveOut(await Promise.race([this.check(), lost]));
  }

  /**
   * Whether it hears still. Gives the address of our own commands.
   * @throws TimeoutError
   */
  async check(): Promise<string> {
    const mark = `cachectl:mark:${randomUUID()}`;
    let timer: NodeJS.Timeout | undefined;
    const heard = new Promise<string>((resolve, reject) => {
      this.#marks.set(mark, resolve);
      timer = setTimeout(() => reject(silent(this.#connection)), this.#connection.timeoutMs);
    });
    try {
      const [source] = await Promise.all([heard, this.#node.call('ECHO', mark)]);
      return source;
    } finally {
      clearTimeout(timer);
      this.#marks.delete(mark);
    }
  }

  close(): void {
    clearTimeout(this.#idle);
    this.#redis?.disconnect();
    this.#redis?.stream.destroy();
  }

  #notified(channel: string, full: string): void {
    if (this.#prefix !== undefined && !full.startsWith(this.#prefix)) return;
    this.#story!.notified({ name: channel.slice(this.#channelPrefix.length), full });
  }

  #printed(line: string): void {
    const isOfMark = this.#marks.size > 0 && line.includes(MARK);
    if (!isOfMark && !this.#concerns(line)) return;
    const command = new PrintedCommand(line);
    if (command.isNoCommand) return;
    const heard = isOfMark ? this.#marks.get(command.first) : undefined;
    if (heard) heard(command.source);
    else this.#story!.printed(command);
  }

  /** Of a key with our prefix, of all keys, of who it is, or (which says who runs it) a script. */
  #concerns(line: string): boolean {
    return this.#printedPrefix === undefined || line.includes(this.#printedPrefix) || OF_ALL.test(line);
  }

  #refused(words: string): Error {
    const { location } = this.#connection;
    if (/unknown command|NOPROTO/i.test(words)) {
      return new RefusedError(
        `${location} does not speak RESP3`,
        'MONITOR is read from Redis 6 on; use --source notifications.',
      );
    }

    if (!words.startsWith('NOPERM')) return translated(new Error(words), location);
    return new RefusedError(
      `${location} does not let this user watch it`,
      'Grant it MONITOR and SUBSCRIBE (ACL SETUSER … +monitor +subscribe), or use --source notifications.',
    );
  }
}

const MARK = '"cachectl:mark:';

/** Near the beginning of a line, behind who sent it. */
const OF_ALL = /^[^\]]{1,90}\] "(?:client|eval|evalsha|fcall|flushall|flushdb|hello)"/i;

function silent({ location }: Connection): TimeoutError {
  return new TimeoutError(
    `${location} does not print what it is asked any more`,
    'Give it longer with --timeout 30s, or look at its load.',
  );
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
