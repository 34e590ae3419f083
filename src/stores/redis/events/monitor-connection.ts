import type { Redis } from 'ioredis';

import { randomUUID } from 'node:crypto';

import type { Node } from '../client/command.js';
import type { Connection } from '../connection.js';
import type { MonitorStory } from './monitor-decoder.js';

import { TimeoutError } from '../../../errors.js';
import { TYPES } from './keyspace-events.js';
import { channelPrefix, closed } from './notification-session.js';
import { escaped, mayNameNoKey, PrintedCommand } from './printed-command.js';
import { PushParser } from './push-parser.js';
import { watchRefusal } from './watch-refusal.js';

/** One server, on a connection that speaks RESP3: on such a one commands and notifications come in one order. */
export class Ear {
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
  #isClosed = false;
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
    if (this.#isClosed) {
      this.close();
      throw closed(this.#connection, this.#node);
    }

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
    let chunks = 0;
    this.#idle = setTimeout(() => {
      const before = chunks;
      // A timer goes off before the socket is looked at: what was said meanwhile may wait there.
      setImmediate(() => {
        if (chunks === before && !parser.isMidway) story.idle();
      });
    }, story.patienceMs);
    stream.on('data', (chunk: Buffer) => {
      chunks++;
      parser.feed(chunk);
      this.#idle?.refresh();
    });
    let failed: ((error: Error) => void) | undefined;
    const lost = new Promise<never>((_, reject) => {
      failed = reject;
    });
    // Told by whoever waits for it, or by `fail`.
    lost.catch(() => {});
    stream.on('close', () => {
      const error = refusal ?? closed(this.#connection, this.#node);
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

  /** Also while it opens. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#idle);
    this.#idle = undefined;
    this.#redis?.disconnect();
    this.#redis?.stream.destroy();
  }

  #notified(channel: string, full: string): void {
    if (this.#prefix !== undefined && !full.startsWith(this.#prefix)) return;
    this.#story!.notified({ name: channel.slice(this.#channelPrefix.length), full });
  }

  #printed(line: string): void {
    const isOfMark = this.#marks.size > 0 && line.includes(MARK);
    if (!isOfMark && !this.#concerns(line)) {
      // Where it stands is the end of what another command made.
      this.#story!.idle();
      return;
    }

    const command = new PrintedCommand(line);
    if (command.isNoCommand) return;
    const heard = isOfMark ? this.#marks.get(command.first) : undefined;
    if (heard) heard(command.source);
    else this.#story!.printed(command);
  }

  /** Of a key with our prefix, of all keys, of who it is, or (which says who runs it) a script. */
  #concerns(line: string): boolean {
    return this.#printedPrefix === undefined || line.includes(this.#printedPrefix) || mayNameNoKey(line);
  }

  #refused(words: string): Error {
    return watchRefusal(words, this.#connection.location);
  }
}

const MARK = '"cachectl:mark:';

function silent({ location }: Connection): TimeoutError {
  return new TimeoutError(
    `${location} does not print what it is asked any more`,
    'Give it longer with --timeout 30s, or look at its load.',
  );
}
