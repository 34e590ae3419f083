import type { Redis } from 'ioredis';

import type { RedisConnection } from '../../../profiles/profile.js';

import { UnansweredError } from '../../../errors.js';
import { noAnswer } from '../../network/errors.js';
import { LargeReplyError, tooLargeReply } from '../../network/reply-limit.js';
import { isRedirection, mayBeReplaced, refused, translated } from '../errors.js';
import { RespWriter } from './resp-writer.js';

/** The connection to write to. */
interface Target {
  /** For error messages. */
  readonly location: string;
  readonly timeoutMs: number;
  readonly settings: Pick<RedisConnection, 'kind'>;
  dedicated(): Promise<Redis>;
}

/** The outcome of commands that were sent together. */
export interface Answered {
  /** How many commands succeeded before the first failure. */
  readonly done: number;
  /** How many succeeded, after a failure too. */
  readonly succeeded: number;
  /** The sum of the replies. NaN if a command that succeeded had a reply other than an integer. */
  readonly sum: number;
  /** The positions of commands that a node of a cluster redirects to another, or refuses because the cluster is down. */
  readonly redirected: readonly number[];
  /** Why the next command failed, or why its outcome is unknown. */
  readonly failure: Error | undefined;
}

/**
 * Sends many writes with little overhead, on its own connection. ioredis creates a promise and an object for each
 * command, which costs several times what the server needs. Replies are only counted, so every command must have a
 * one-line reply (`+OK`, `:1`, `-ERR …`).
 */
export class BulkWriting {
  readonly #redis: Redis;
  readonly #location: string;
  readonly #isOfCluster: boolean;
  readonly #waiting: Waiting[] = [];
  readonly #spare: RespWriter[] = [];
  readonly #silence: NodeJS.Timeout;
  #line = '';
  #isWithinLine = false;
  #lost: Error | undefined;

  /** Open an authenticated connection to the server and database of `target`. */
  static async open(target: Target): Promise<BulkWriting> {
    return new BulkWriting(await target.dedicated(), target);
  }

  private constructor(redis: Redis, { location, timeoutMs, settings: { kind } }: Target) {
    this.#redis = redis;
    this.#location = location;
    this.#isOfCluster = kind === 'cluster';
    const { stream } = redis;
    // ioredis must not see the replies: it would match them to its own commands.
    stream.removeAllListeners('data');
    stream.on('data', (chunk: Buffer) => this.#hear(chunk));
    stream.on('close', () => {
      const closed = translated(new Error('Connection is closed.'), location);
      this.#lose(kind === 'server' ? closed : mayBeReplaced(closed));
    });
    this.#silence = setInterval(() => this.#onSilence(), timeoutMs);
    this.#silence.unref();
  }

  /** A writer to fill with commands for `send`. */
  writer(): RespWriter {
    return this.#spare.pop() ?? new RespWriter();
  }

  /**
   * Send the commands of a writer. Resolves once all are answered, or once no answer can come any more. Do not use the
   * writer afterwards.
   */
  async send(writer: RespWriter): Promise<Answered> {
    if (this.#lost) return { done: 0, succeeded: 0, sum: 0, redirected: [], failure: this.#lost };
    if (this.#waiting.length === 0) this.#silence.refresh();
    const answered = await new Promise<Answered>((resolve) => {
      this.#waiting.push({
        commands: writer.commands,
        answers: 0,
        done: 0,
        succeeded: 0,
        sum: 0,
        redirected: [],
        failure: undefined,
        resolve,
      });
      this.#redis.stream.write(writer.bytes);
    });
    // Once answered, the bytes have left the buffer.
    if (this.#lost === undefined) {
      writer.clear();
      this.#spare.push(writer);
    }

    return answered;
  }

  close(): void {
    clearInterval(this.#silence);
    this.#redis.disconnect();
    this.#redis.stream.destroy();
  }

  #hear(chunk: Buffer): void {
    this.#silence.refresh();
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      if (chunk[at] !== LINE_FEED) continue;
      // The text of a status such as `+OK` does not matter.
      const first = this.#isWithinLine ? this.#line.charCodeAt(0) : chunk[start]!; // eslint-disable-line unicorn/prefer-code-point -- a byte
      switch (first) {
        case PLUS: {
          this.#answer(Number.NaN);
          break;
        }

        case COLON: {
          this.#answer(Number(this.#lineTo(chunk, start, at)));
          break;
        }

        case MINUS: {
          this.#answer(this.#lineTo(chunk, start, at).trimEnd());
          break;
        }

        default: {
          this.#lose(translated(new Error('Unexpected reply to a write'), this.#location));
        }
      }

      if (this.#isWithinLine) {
        this.#line = '';
        this.#isWithinLine = false;
      }

      start = at + 1;
    }

    if (start === chunk.length) return;
    this.#line += chunk.toString('utf8', start);
    this.#isWithinLine = true;
    if (this.#line.length > MAX_LINE) this.#lose(tooLargeReply(new LargeReplyError(), this.#location));
  }

  /** A line without the first byte, which says what kind of reply it is. It ends at `to`, before the line feed. */
  #lineTo(chunk: Buffer, from: number, to: number): string {
    return (this.#line + chunk.toString('utf8', from, to)).slice(1);
  }

  /** @param reply an integer, NaN for another success, or the words of an error */
  #answer(reply: number | string): void {
    const [next] = this.#waiting;
    if (next === undefined) return;
    const position = next.answers++;
    if (typeof reply === 'number') {
      next.succeeded++;
      next.sum += reply;
      if (next.failure === undefined) next.done++;
    } else if (this.#isOfCluster && (isRedirection(reply) || reply.startsWith('CLUSTERDOWN '))) {
      next.redirected.push(position);
    } else {
      next.failure ??= refused(reply, this.#location);
    }

    if (next.answers < next.commands) return;
    this.#waiting.shift();
    next.resolve(next);
  }

  #onSilence(): void {
    if (this.#waiting.length === 0) return;
    this.#lose(new UnansweredError(`${this.#location} ${noAnswer.what}`, noAnswer.hint));
    this.close();
  }

  /** Fail everything in flight. Commands that were sent without an answer may have run. */
  #lose(error: Error): void {
    this.#lost ??= error;
    for (const { failure, resolve, ...answered } of this.#waiting.splice(0)) {
      resolve({ ...answered, failure: failure ?? this.#lost });
    }
  }
}

interface Waiting {
  readonly commands: number;
  answers: number;
  done: number;
  succeeded: number;
  sum: number;
  readonly redirected: number[];
  failure: Error | undefined;
  resolve(answered: Answered): void;
}

const LINE_FEED = 0x0a;
/** Longer than any one-line reply, which may quote a command. */
const MAX_LINE = 2 ** 20;
const [MINUS, PLUS, COLON] = [0x2d, 0x2b, 0x3a];
