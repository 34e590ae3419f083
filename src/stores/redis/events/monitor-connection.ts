import type { Redis } from 'ioredis';

import { randomUUID } from 'node:crypto';

import type { Node } from '../client/command.js';
import type { Connection } from '../connection.js';

import { TimeoutError, UnreachableError } from '../../../errors.js';
import { translated } from '../errors.js';
import { Batches } from './batches.js';
import { channelPrefix } from './keyspace-events.js';
import { escaped, mayNameNoKey, PrintedCommand } from './printed-command.js';
import { type Pushed, PushParser } from './push-parser.js';
import { watchRefusal } from './watch-refusal.js';

/** A keyspace notification. */
export interface Notice {
  /** The name of the event, such as `keymiss`. */
  readonly name: string;
  /** The stored key, as bytes (`latin1`). */
  readonly key: string;
}

/** The printed ECHO of this connection, which `mark` sent to fix a point in the stream. */
export interface Mark {
  /** When the server printed it, as a Unix time in milliseconds. */
  readonly markedAt: number;
}

/** A command that needs no decoding. It still ends the notifications of the command before it. */
export const OTHER_COMMAND = Symbol('another command');

export type MonitorMessage = Mark | Notice | PrintedCommand | typeof OTHER_COMMAND;

export interface MonitorOptions {
  /** Closes the connection, also while it opens. */
  readonly signal: AbortSignal;
  /** Decode only commands that contain one of these (bytes, `latin1`) or name no key. All if omitted. */
  readonly mentioning?: readonly string[] | undefined;
  /** Names of keyspace events to subscribe to. Needs RESP3, so Redis 6 or later. */
  readonly keyspaceEvents?: readonly string[];
  /** Yield an empty batch after this long without a message. */
  readonly silenceMs?: number;
}

/**
 * MONITOR of one server, with its keyspace notifications if requested. On one connection both arrive in one order, so
 * the command that caused a notification is known.
 */
export class MonitorConnection {
  readonly #connection: Connection;
  readonly #node: Node;
  readonly #redis: Redis;
  readonly #chunks: Batches<Buffer>;
  readonly #parser = new PushParser();
  readonly #channelPrefix: string;
  /** Escaped as in printed lines. */
  readonly #mentioning: readonly string[] | undefined;
  readonly #marks = new Map<string, PendingMark>();
  readonly #received: AsyncGenerator<readonly MonitorMessage[]>;
  /** Whether MONITOR was answered. From then on every command is printed. */
  #isMonitoring = false;
  /** Messages that arrived before or with the reply to MONITOR. */
  readonly #early: MonitorMessage[] = [];

  /**
   * @throws RefusedError if the user or the server does not allow it
   * @throws UnreachableError also if the signal aborts
   * @throws TimeoutError
   */
  static async open(connection: Connection, node: Node, options: MonitorOptions): Promise<MonitorConnection> {
    const monitor = new MonitorConnection(connection, node, await node.dedicated(), options);
    await monitor.#begin(options);
    return monitor;
  }

  private constructor(connection: Connection, node: Node, redis: Redis, options: MonitorOptions) {
    this.#connection = connection;
    this.#node = node;
    this.#redis = redis;
    this.#chunks = new Batches(options.silenceMs);
    this.#channelPrefix = channelPrefix(connection);
    this.#mentioning = options.mentioning?.map((bytes) => escaped(bytes));
    this.#received = this.#receive();
  }

  /**
   * Yield messages in the order of the server; an empty batch after `silenceMs` of silence. Ends when the signal
   * aborts.
   * @throws UnreachableError if the connection is lost, or the error passed to `close`
   */
  async *messages(): AsyncGenerator<readonly MonitorMessage[]> {
    if (this.#early.length > 0) yield this.#early.splice(0);
    yield* this.#received;
  }

  /**
   * Have a mark printed: everything printed before it happened before. `messages` must be consumed at the same time.
   * @param send sends ECHO with the mark, on another connection
   * @returns the address that sent the mark
   * @throws TimeoutError if it is not printed in time
   */
  async mark(send = async (mark: string): Promise<unknown> => this.#node.call('ECHO', mark)): Promise<string> {
    const mark = `cachectl:mark:${randomUUID()}`;
    const printed = new Promise<string>((resolve, reject) => {
      this.#marks.set(mark, { resolve, reject });
    });
    // Awaited below, unless sending fails first.
    printed.catch(() => {});
    try {
      await send(mark);
      return await this.#unlessSilent(printed);
    } finally {
      this.#marks.delete(mark);
    }
  }

  /** @param failure the error that `messages` ends with, if any */
  close(failure?: Error): void {
    this.#chunks.end(failure);
    this.#redis.disconnect();
    this.#redis.stream.destroy();
  }

  async #begin({ keyspaceEvents = [], signal }: MonitorOptions): Promise<void> {
    const { stream } = this.#redis;
    // Bypass ioredis from here on: it cannot distinguish pushes from lines of MONITOR.
    stream.removeAllListeners('data');
    stream.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    stream.on('close', () => this.#chunks.end(closed(this.#connection, this.#node)));
    if (signal.aborted) this.close();
    signal.addEventListener('abort', () => this.close(), { once: true });
    const channels = keyspaceEvents.map((name) => this.#channelPrefix + name);
    const subscribe = channels.length === 0 ? '' : `HELLO 3\r\nSUBSCRIBE ${channels.join(' ')}\r\n`;
    stream.write(`${subscribe}MONITOR\r\n`);
    try {
      await this.#unlessSilent(this.#answer());
    } catch (error) {
      this.close();
      throw translated(error, this.#connection.location);
    }
  }

  async #answer(): Promise<void> {
    while (!this.#isMonitoring) {
      const { value, done } = await this.#received.next();
      if (done) throw closed(this.#connection, this.#node);
      this.#early.push(...value);
    }
  }

  async #unlessSilent<T>(answer: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setInterval(() => {
        // The reply may be among bytes that have arrived but were not read yet.
        if (!this.#chunks.hasUnread) reject(silent(this.#connection));
      }, this.#connection.timeoutMs);
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearInterval(timer);
    }
  }

  async *#receive(): AsyncGenerator<readonly MonitorMessage[]> {
    try {
      for await (const chunks of this.#chunks) {
        const wasMonitoring = this.#isMonitoring;
        const messages: MonitorMessage[] = [];
        for (const chunk of chunks) this.#read(chunk, messages);
        const isSilence = chunks.length === 0 && !this.#parser.isMidway;
        if (messages.length > 0 || isSilence || !wasMonitoring) yield messages;
      }
    } finally {
      for (const { reject } of this.#marks.values()) reject(closed(this.#connection, this.#node));
    }
  }

  /** @throws RefusedError for an error reply or a large one, UnreachableError for garbage */
  #read(chunk: Buffer, messages: MonitorMessage[]): void {
    for (const parsed of this.#parsed(chunk)) {
      if (typeof parsed === 'string') this.#readLine(parsed, messages);
      else if ('words' in parsed) throw watchRefusal(parsed.words, this.#connection.location);
      else messages.push({ name: parsed.channel.slice(this.#channelPrefix.length), key: parsed.payload });
    }
  }

  #parsed(chunk: Buffer): readonly Pushed[] {
    try {
      return this.#parser.parse(chunk);
    } catch (error) {
      throw translated(error, this.#connection.location);
    }
  }

  #readLine(line: string, messages: MonitorMessage[]): void {
    if (line === 'OK') {
      this.#isMonitoring = true;
      return;
    }

    const mayBeMark = this.#marks.size > 0 && line.includes(MARK);
    if (!mayBeMark && !this.#isOfInterest(line)) {
      if (messages.at(-1) !== OTHER_COMMAND) messages.push(OTHER_COMMAND);
      return;
    }

    const command = new PrintedCommand(line);
    const mark = mayBeMark ? this.#marks.get(command.first) : undefined;
    if (mark !== undefined) {
      messages.push({ markedAt: command.timeMs });
      mark.resolve(command.source);
    } else if (command.isCommand) messages.push(command);
  }

  #isOfInterest(line: string): boolean {
    return this.#mentioning === undefined || this.#mentioning.some((text) => line.includes(text)) || mayNameNoKey(line);
  }
}

const MARK = '"cachectl:mark:';

/** A mark that was not printed yet. */
interface PendingMark {
  resolve(source: string): void;
  reject(error: Error): void;
}

/** The server or the network closed the connection. */
export function closed({ isCluster, location }: Connection, { id }: Node): UnreachableError {
  const who = isCluster ? `${id} of ${location}` : location;
  return new UnreachableError(`${who} closed the connection`, 'Later events were missed. Start the command again.');
}

function silent({ location }: Connection): TimeoutError {
  return new TimeoutError(
    `${location} accepted MONITOR but sends no commands`,
    'A proxy in between may be filtering MONITOR: connect to the server itself, or raise --timeout.',
  );
}
