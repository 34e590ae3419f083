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

/** Bounds the bytes that a server sends in answer to one statement. */
export class ReplyMeter {
  #received = 0;

  /** Destroys the socket with a LargeReplyError. Sees sockets without TLS only. */
  watch(socket: Socket): Socket {
    socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.length;
      // PostgreSQL sends bytes in hexadecimal.
      if (this.#received > 2 * valueLimit() + PAGE) socket.destroy(new LargeReplyError());
    });
    return socket;
  }

  /** Call before each statement. */
  restart(): void {
    this.#received = 0;
  }
}
