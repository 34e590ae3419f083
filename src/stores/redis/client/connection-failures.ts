import type { Redis } from 'ioredis';

import { isReply } from '../errors.js';
import { guardReplies } from './reply-guard.js';

/**
 * Report why a client lost its connection. ioredis reports the reason by an event and rejects commands with only
 * "Connection is closed". It also discards what a server sends before it rejects a client (`-DENIED …`, `-ERR max
 * number of clients reached`), because it takes that for the reply to a command. A server that wants a password answers
 * the greeting with NOAUTH, and closes the connection after some commands. A reply above the limit is a failure too.
 */
export function watchFailures(redis: Redis, onFailure: (error: Error) => void): void {
  redis.on('error', onFailure);
  redis.on('connect', () => {
    guardReplies(redis.stream);
    redis.stream.once('data', (chunk: Buffer) => {
      const [, rejection] = REJECTION.exec(chunk.toString('latin1')) ?? [];
      if (rejection !== undefined) onFailure(Object.assign(new Error(rejection), { name: 'ReplyError' }));
    });
  });
}

/** The first reason why a client failed. An error reply of the server takes precedence over a network error. */
export class Failure {
  #error: Error | undefined;

  constructor(redis: Redis) {
    watchFailures(redis, (error) => {
      this.#error = moreSpecific(this.#error, error);
    });
  }

  get error(): Error | undefined {
    return this.#error;
  }

  /** Replace an error that says only that the connection is closed. */
  insteadOf(error: unknown): unknown {
    return isVague(error) ? (this.#error ?? error) : error;
  }
}

export function moreSpecific(before: Error | undefined, error: Error): Error {
  return before !== undefined && precision(before) >= precision(error) ? before : error;
}

/** The server answers NOAUTH to SELECT if it refused AUTH, and ioredis may report either answer first. */
function precision(error: Error): number {
  if (!isReply(error)) return 0;
  return error.message.startsWith('NOAUTH') ? 1 : 2;
}

/** Whether an error says only that the connection is closed. */
export function isVague(error: unknown): boolean {
  if (!(error instanceof Error) || isReply(error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return /^(?:ECONNRESET|EPIPE)$/.test(code) || VAGUE.test(error.message);
}

const REJECTION = /^-((?:DENIED|NOAUTH) [^\r\n]*|ERR max number of clients[^\r\n]*)/;
const VAGUE =
  /^Connection is closed|Stream isn't writeable|^None of startup nodes|max retries per request|^Command timed out/;
