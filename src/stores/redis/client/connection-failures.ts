import type { Redis } from 'ioredis';

import { isReply } from '../errors.js';

/**
 * Tells why a client lost its connection: the library says so by an event, and rejects its commands with «Connection is
 * closed». What a server says before it hangs up on somebody whom it does not serve (`-DENIED …`, `-ERR max number of
 * clients reached`) the library takes for the answer to a command of its own, and drops.
 */
export function watchFailures(redis: Redis, told: (error: Error) => void): void {
  redis.on('error', told);
  redis.on('connect', () => {
    redis.stream.once('data', (chunk: Buffer) => {
      const [, words] = FAREWELL.exec(chunk.toString('latin1')) ?? [];
      if (words !== undefined) told(Object.assign(new Error(words), { name: 'ReplyError' }));
    });
  });
}

/** One client's reason, the first that was told; words of the server go before those of the network. */
export class Failure {
  #error: Error | undefined;

  constructor(redis: Redis) {
    watchFailures(redis, (error) => {
      this.#error = moreTelling(this.#error, error);
    });
  }

  get error(): Error | undefined {
    return this.#error;
  }

  /** It in place of what says no more than that the connection is gone. */
  insteadOf(error: unknown): unknown {
    return isVague(error) ? (this.#error ?? error) : error;
  }
}

export function moreTelling(before: Error | undefined, error: Error): Error {
  return before !== undefined && (isReply(before) || !isReply(error)) ? before : error;
}

/** Whether the library says no more than that the connection is gone. */
export function isVague(error: unknown): boolean {
  if (!(error instanceof Error) || isReply(error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return /^(?:ECONNRESET|EPIPE)$/.test(code) || VAGUE.test(error.message);
}

const FAREWELL = /^-(DENIED [^\r\n]*|ERR max number of clients[^\r\n]*)/;
const VAGUE =
  /^Connection is closed|Stream isn't writeable|^None of startup nodes|max retries per request|^Command timed out/;
