import { type Cluster, Redis } from 'ioredis';

import type { RedisConnection } from '../../profiles/profile.js';
import type { BulkWriting } from './client/bulk-writing.js';
import type { RedisOptions } from './client/client-options.js';
import type { ClusterClient } from './client/cluster.js';
import type { Command, Node, Reply } from './client/command.js';

import { withTimeout } from '../../async.js';
import { ConfigError, TimeoutError } from '../../errors.js';
import { handshakeTimeout, networkError } from '../network/errors.js';
import { clientOptions } from './client/client-options.js';
import { Failure } from './client/connection-failures.js';
import { locationOf } from './client/location.js';
import { type Explain, send, sendAll } from './client/send.js';
import { checkGreeting, nodeId, ServerNode } from './client/server-node.js';
import { checkServesAll, type Standing } from './client/single-server.js';
import { withQuietAuth } from './client/suppress-auth-warning.js';
import { isCrossSlot, TLS_TERMS, translated } from './errors.js';

/**
 * One connection, made on first use. Nothing is tried twice: whoever waits wants to know. Every failure comes out as an
 * error that names the server.
 */
export class Connection implements Omit<Node, 'address' | 'exclusively'> {
  readonly id = '';
  readonly isCluster: boolean;
  /** `host:port/database`, for people. */
  readonly location: string;
  readonly settings: RedisConnection;
  /** How long it may take to answer. */
  readonly timeoutMs: number;
  #opened: Promise<Opened> | undefined;
  #bulk: Promise<BulkWriting> | undefined;
  /** Of a server that was found to hold all keys. */
  #standing: Promise<Standing> | undefined;
  #keysApart: boolean;
  readonly #prefix: string;

  /** @param prefix of keys that the user may read, for questions that need one */
  constructor(settings: RedisConnection, timeoutMs: number, prefix = '') {
    this.#keysApart = settings.kind === 'cluster';
    this.#prefix = prefix;
    this.isCluster = settings.kind === 'cluster';
    this.location = locationOf(settings);
    this.settings = settings;
    this.timeoutMs = timeoutMs;
  }

  get database(): number {
    return this.settings.database;
  }

  /**
   * Whether one command can name one key only: in a cluster, on one that hides behind a single address, and on a server that
   * has said so.
   */
  get keysApart(): boolean {
    return this.#keysApart;
  }

  /** Whether an answer says that keys of one command lie apart, which holds from then on. */
  saysKeysApart(answer: unknown): boolean {
    const says = isCrossSlot(answer);
    this.#keysApart ||= says;
    return says;
  }

  async call(...command: Command): Promise<Reply> {
    const { client, explain } = await this.#open();
    return send(client, command, explain);
  }

  /** Written at once, so one round trip to each server. An answer that is an error stands in its place. */
  async batch(commands: readonly Command[]): Promise<Array<Error | Reply>> {
    const { client, explain } = await this.#open();
    return sendAll(client, commands, explain);
  }

  /** Whether `bulk` has been asked for. */
  get writesInBulk(): boolean {
    return this.#bulk !== undefined;
  }

  /** Where to write many commands at a time; not of a cluster. Opened on first use, closed with this. */
  async bulk(): Promise<BulkWriting> {
    this.#bulk ??= openBulk(this);
    return this.#bulk;
  }

  /** Another to the same place, not connected yet. */
  copy(): Connection {
    return new Connection(this.settings, this.timeoutMs, this.#prefix);
  }

  /** As `nodes`, but a cluster is asked again which primaries it has. */
  async nodesAnew(): Promise<readonly Node[]> {
    const { cluster } = await this.#open();
    await cluster?.refresh();
    return this.nodes();
  }

  /**
   * Every server that keys live on.
   * @throws UnreachableError when primaries of a cluster are missing, RefusedError where the one server that the profile
   *   names is one of several: what one node says of its keys is not what the cluster holds
   */
  async nodes(): Promise<readonly Node[]> {
    const opened = await this.#open();
    const { cluster } = opened;
    if (cluster !== undefined) {
      return cluster.primaries().map((redis) => {
        const id = nodeId(redis);
        return new ServerNode(redis, `${id} of ${this.location}`, (error) => cluster.explainNode(id, error));
      });
    }

    const node = this.#only(opened);
    if (this.settings.kind === 'server') {
      this.#standing ??= checkServesAll(node, { location: this.location, prefix: this.#prefix });
      const { hasSlots } = await this.#standing;
      this.#keysApart ||= hasSlots;
    }

    return [node];
  }

  async dedicated(): Promise<Redis> {
    const node = await this.#first();
    return node.dedicated();
  }

  /** Gives up what is open, and lets the next question connect anew. Never throws. */
  async reconnect(): Promise<void> {
    const [opened, bulk] = [this.#opened, this.#bulk];
    this.#opened = undefined;
    this.#bulk = undefined;
    await closed(opened, bulk);
  }

  async close(): Promise<void> {
    await closed(this.#opened, this.#bulk);
  }

  async #first(): Promise<Node> {
    const opened = await this.#open();
    if (opened.cluster === undefined) return this.#only(opened);
    const [node] = await this.nodes();
    return node!;
  }

  #only({ client, explain }: Opened): Node {
    return new ServerNode(client as Redis, this.location, explain);
  }

  async #open(): Promise<Opened> {
    this.#opened ??= this.#connect();
    return this.#opened;
  }

  async #connect(): Promise<Opened> {
    // The library would leave it out without a word, and work on database 0.
    if (this.isCluster && this.database !== 0) {
      throw new ConfigError(
        `${this.location} is a cluster, which has database 0 only, not ${this.database}`,
        'Remove the database from the profile or URL.',
      );
    }

    const options = await clientOptions(this.settings, this.timeoutMs);
    try {
      return await (this.isCluster ? this.#connectCluster(options) : this.#connectServer(options));
    } catch (error) {
      // A port that speaks plain Redis waits for the rest of a TLS hello.
      const known = translated(error, this.location);
      throw known instanceof TimeoutError && this.settings.tls !== undefined
        ? networkError(handshakeTimeout(TLS_TERMS), this.location, known)
        : known;
    }
  }

  async #connectCluster(options: RedisOptions): Promise<Opened> {
    const { ClusterClient } = await import('./client/cluster.js');
    const cluster = new ClusterClient(this.settings, options, this);
    const { client } = cluster;
    await connected(cluster.connect(), client, this.timeoutMs);
    return { client, cluster, explain: cluster.explain };
  }

  async #connectServer(options: RedisOptions): Promise<Opened> {
    const client = withQuietAuth(new Redis(options));
    const failure = new Failure(client);
    const explain: Explain = (error) => translated(failure.insteadOf(error), this.location);
    try {
      await connected(client.connect(), client, this.timeoutMs);
      checkGreeting(client, failure);
    } catch (error) {
      // The library tells the reason by an event, and rejects with «connection is closed».
      throw failure.error ?? error;
    }

    return { client, explain };
  }
}

/** Never throws: whoever opened it was told. */
async function closed(opening?: Promise<Opened>, openingBulk?: Promise<BulkWriting>): Promise<void> {
  const [opened, bulk] = await Promise.allSettled([opening, openingBulk]);
  if (bulk.status === 'fulfilled') bulk.value?.close();
  if (opened.status === 'fulfilled') opened.value?.client.disconnect();
}

async function openBulk(connection: Connection): Promise<BulkWriting> {
  const { BulkWriting } = await import('./client/bulk-writing.js');
  return BulkWriting.open(connection);
}

interface Opened {
  readonly client: Cluster | Redis;
  /** Of a cluster alone. */
  readonly cluster?: ClusterClient;
  readonly explain: Explain;
}

/** ioredis has timeouts for the lookup, the socket and the hello, but none for all of them together. */
async function connected(work: Promise<void>, client: Cluster | Redis, timeoutMs: number): Promise<void> {
  await withTimeout(work, timeoutMs, () => {
    client.disconnect();
    return new Error('Command timed out');
  });
}
