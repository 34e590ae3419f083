import type { Socket } from 'node:net';

import { RefusedError } from '../../errors.js';
import { limitText, raiseLimit, valueLimit } from '../../value-limit.js';

/** A server announced or sent a reply above the limit. The connection is closed. */
export class LargeReplyError extends Error {
  /** @param bytes undefined if unknown */
  constructor(readonly bytes?: number) {
    super('a reply is larger than the limit');
  }
}

/** The error for users. */
export function tooLargeReply({ bytes }: LargeReplyError, location: string, cause?: unknown): RefusedError {
  return new RefusedError(
    `${location} sent a reply larger than the limit of ${limitText()}`,
    `If that is not a large value, check what listens there. ${raiseLimit(bytes)}`,
    { cause },
  );
}

/** What a page of other entries adds to a reply, in bytes. */
const PAGE = 8 * 1024 * 1024;

/** How often a socket below TLS is looked at, in milliseconds. It has no events for the bytes that arrive. */
const POLL_MS = 25;

/** Bounds the bytes that a server sends in answer to one statement. */
export class ReplyMeter {
  #socket: Socket | undefined;
  #before = 0;
  #excess: LargeReplyError | undefined;

  /** @param socket below TLS */
  watch(socket: Socket): Socket {
    this.#socket = socket;
    return socket.on('data', () => this.#check());
  }

  /** The result of `ask`, during which the socket is destroyed if the server sends too much. @throws LargeReplyError */
  async bounded<T>(ask: () => Promise<T>): Promise<T> {
    this.restart();
    const timer = setInterval(() => this.#check(), POLL_MS).unref();
    try {
      return await ask();
    } catch (error) {
      throw this.#excess ?? error;
    } finally {
      clearInterval(timer);
    }
  }

  /** Call for what the server sends unasked. */
  restart(): void {
    this.#before = this.#socket?.bytesRead ?? 0;
  }

  #check(): void {
    const received = this.#socket!.bytesRead - this.#before;
    // PostgreSQL sends bytes in hexadecimal.
    if (received <= 2 * valueLimit() + PAGE) return;
    this.#excess = new LargeReplyError();
    this.#socket!.destroy(this.#excess);
  }
}
