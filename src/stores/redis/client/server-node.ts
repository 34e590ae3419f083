import type { Redis } from 'ioredis';

import type { Command, Node, Reply, Session } from './command.js';

import { endpointText } from '../../network/endpoint.js';
import { isReply, translated } from '../errors.js';
import { Failure } from './connection-failures.js';
import { type Explain, send, sendAll } from './send.js';
import { withQuietAuth } from './suppress-auth-warning.js';

/** A server, through an ioredis client. */
export class ServerNode implements Node {
  readonly id: string;
  readonly address: string;
  readonly #redis: Redis;
  readonly #location: string;
  readonly #explain: Explain;

  /** @param location how errors name the server */
  constructor(redis: Redis, location: string, explain: Explain) {
    this.id = nodeId(redis);
    this.address = addressOf(redis);
    this.#redis = redis;
    this.#location = location;
    this.#explain = explain;
  }

  async call(...command: Command): Promise<Reply> {
    return send(this.#redis, command, this.#explain);
  }

  async batch(commands: readonly Command[]): Promise<Array<Error | Reply>> {
    return sendAll(this.#redis, commands, this.#explain);
  }

  async dedicated(): Promise<Redis> {
    const copy = withQuietAuth(this.#redis.duplicate({ lazyConnect: true, stringNumbers: true }));
    const failure = new Failure(copy);
    try {
      await copy.connect();
      checkGreeting(copy, failure);
      return copy;
    } catch (error) {
      throw translated(failure.error ?? error, this.#location);
    }
  }

  async exclusively<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const copy = await this.dedicated();
    try {
      return await work(new ServerNode(copy, this.#location, this.#explain));
    } finally {
      copy.disconnect();
    }
  }
}

/** `host:port`, which identifies a node within its cluster. */
export function nodeId({ options }: Redis): string {
  return `${options.host}:${options.port}`;
}

/**
 * ioredis reports a refused SELECT only by an event, and stays connected to database 0.
 * @throws the error reply
 */
export function checkGreeting(redis: Redis, { error }: Failure): void {
  if (!isReply(error)) return;
  redis.disconnect();
  throw error;
}

function addressOf({ options, stream }: Redis): string {
  if (options.path !== undefined) return options.path;
  const { host = '', port = 0, sentinels } = options;
  const { remoteAddress, remotePort = 0 } = (stream ?? {}) as {
    readonly remoteAddress?: string;
    readonly remotePort?: number;
  };
  return sentinels && remoteAddress
    ? endpointText({ host: remoteAddress, port: remotePort })
    : endpointText({ host, port });
}
