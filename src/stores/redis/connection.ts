import { type Cluster, Redis } from 'ioredis';

import type { RedisConnection } from '../../profiles/profile.js';
import type { Tunnel } from '../network/tunnel.js';
import type { BulkWriting } from './client/bulk-writing.js';
import type { RedisOptions } from './client/client-options.js';
import type { ClusterClient } from './client/cluster.js';
import type { Command, Node, Reply, Session } from './client/command.js';

import { withTimeout } from '../../async.js';
import { type CachectlError, ConfigError, TimeoutError } from '../../errors.js';
import { handshakeTimeout, networkError } from '../network/errors.js';
import { clientOptions } from './client/client-options.js';
import { Failure } from './client/connection-failures.js';
import { locationOf } from './client/location.js';
import { type Explain, send, sendAll } from './client/send.js';
import { checkGreeting, nodeId, ServerNode } from './client/server-node.js';
import { checkServesAll, type ServerTopology } from './client/single-server.js';
import { withQuietAuth } from './client/suppress-auth-warning.js';
import { isCrossSlot, mayBeReplaced, TLS_TERMS, translated } from './errors.js';

interface Reach {
  readonly timeoutMs: number;
  /** Of keys that the user may read, for probes. */
  readonly prefix?: string;
  /** Undefined: connect directly. */
  readonly tunnel?: Tunnel | undefined;
}

/** Keys that one server has. */
export interface Share {
  /** Undefined if the server is not known. */
  readonly node: (Pick<Node, 'id'> & Session) | undefined;
  /** Positions in the list of keys. */
  readonly at: readonly number[];
}

/** A connection, opened on first use. Nothing is retried. Every failure is an error that names the server. */
export class Connection implements Omit<Node, 'address' | 'exclusively'> {
  readonly id = '';
  readonly isCluster: boolean;
  /** `host:port/database`, for display. */
  readonly location: string;
  readonly settings: RedisConnection;
  /** The timeout of a reply, in milliseconds. */
  readonly timeoutMs: number;
  readonly tunnel: Tunnel | undefined;
  #opened: Promise<Opened> | undefined;
  /** By the id of the node. */
  readonly #bulk = new Map<string, Promise<BulkWriting>>();
  /** Set once the server was found to hold all keys. */
  #topology: Promise<ServerTopology> | undefined;
  #keysApart: boolean;
  readonly #prefix: string;

  constructor(settings: RedisConnection, { timeoutMs, prefix = '', tunnel }: Reach) {
    this.#keysApart = settings.kind === 'cluster';
    this.#prefix = prefix;
    this.tunnel = tunnel;
    this.isCluster = settings.kind === 'cluster';
    this.location = locationOf(settings);
    this.settings = settings;
    this.timeoutMs = timeoutMs;
  }

  get database(): number {
    return this.settings.database;
  }

  /**
   * Whether one command can name only one key: in a cluster, behind a single endpoint of a cluster, and once the server
   * said so.
   */
  get keysApart(): boolean {
    return this.#keysApart;
  }

  /** Whether a reply says that the keys of one command are in different slots. It is remembered. */
  saysKeysApart(answer: unknown): boolean {
    const says = isCrossSlot(answer);
    this.#keysApart ||= says;
    return says;
  }

  async call(...command: Command): Promise<Reply> {
    const { client, explain } = await this.#open();
    return send(client, command, explain);
  }

  /** Send commands in one write, so one round trip per server. An error reply takes the place of its answer. */
  async batch(commands: readonly Command[]): Promise<Array<Error | Reply>> {
    const { client, cluster, explain } = await this.#open();
    if (cluster === undefined) return sendAll(client, commands, explain);
    const { sendByNode } = await import('./client/send-by-node.js');
    return sendByNode(commands, {
      primaryOf: (slot) => cluster.primaryOf(slot),
      sendTo: async (node, some) => clusterNode(cluster, node, this.location).batch(some),
      route: async (some) => sendAll(client, some, explain),
    });
  }

  /** Stored keys by the server that has them. */
  async shares(keys: ReadonlyArray<Buffer | string>): Promise<readonly Share[]> {
    const { cluster } = await this.#open();
    if (cluster === undefined) return [{ node: this, at: [...keys.keys()] }];
    const { byPrimary } = await import('./client/send-by-node.js');
    const { shares, rest } = byPrimary(keys, (slot) => cluster.primaryOf(slot));
    const known = [...shares].map(([node, at]) => ({ node: clusterNode(cluster, node, this.location), at }));
    return rest.length === 0 ? known : [...known, { node: undefined, at: rest }];
  }

  /** Whether `bulk` was called. */
  get writesInBulk(): boolean {
    return this.#bulk.size > 0;
  }

  /** The connection for bulk writes to the only server, or to a node of the cluster. Opened once, closed by `close`. */
  async bulk({ id }: Pick<Node, 'id'> = this): Promise<BulkWriting> {
    const bulk = this.#bulk.get(id) ?? this.#openBulk(id);
    this.#bulk.set(id, bulk);
    return bulk;
  }

  /** A connection to the same server and database, not connected yet. */
  copy(): Connection {
    return new Connection(this.settings, { timeoutMs: this.timeoutMs, prefix: this.#prefix, tunnel: this.tunnel });
  }

  /** Like `nodes`, but reloads the slot map of a cluster first. */
  async refreshedNodes(): Promise<readonly Node[]> {
    const { cluster } = await this.#open();
    await cluster?.refresh();
    return this.nodes();
  }

  /**
   * Every server that holds keys.
   * @throws UnreachableError if primaries of a cluster are missing
   * @throws RefusedError if the profile names one node of several, which has only some of the keys
   */
  async nodes(): Promise<readonly Node[]> {
    const opened = await this.#open();
    const { cluster } = opened;
    if (cluster !== undefined) {
      return cluster.primaries().map((node) => clusterNode(cluster, node, this.location));
    }

    const node = this.#only(opened);
    if (this.settings.kind === 'server') {
      this.#topology ??= checkServesAll(node, { location: this.location, prefix: this.#prefix });
      const { hasSlots } = await this.#topology;
      this.#keysApart ||= hasSlots;
    }

    return [node];
  }

  /** The error if a primary of a cluster was lost, for writes that belong together. */
  async lostPrimary(): Promise<CachectlError | undefined> {
    const { cluster } = await this.#open();
    return cluster?.lostPrimary;
  }

  async dedicated(): Promise<Redis> {
    const node = await this.#first();
    return node.dedicated();
  }

  /**
   * Close the connection. The next command opens a new one. Never throws.
   * @param options `onlyClosed`: only if a server closed it
   */
  async reconnect({ onlyClosed = false }: { readonly onlyClosed?: boolean } = {}): Promise<void> {
    if (onlyClosed && !(await this.#isClosed())) return;
    const [opened, bulk] = [this.#opened, [...this.#bulk.values()]];
    this.#opened = undefined;
    this.#bulk.clear();
    await closed(opened, bulk);
  }

  async close(): Promise<void> {
    await closed(this.#opened, [...this.#bulk.values()]);
  }

  async #isClosed(): Promise<boolean> {
    const [opened] = await Promise.allSettled([this.#opened]);
    if (opened.status === 'rejected' || opened.value === undefined) return false;
    const { client, cluster } = opened.value;
    return client.status === 'close' || client.status === 'end' || cluster?.lostPrimary !== undefined;
  }

  async #openBulk(id: string): Promise<BulkWriting> {
    const { BulkWriting } = await import('./client/bulk-writing.js');
    if (!this.isCluster) return BulkWriting.open(this);
    const node = (await this.nodes()).find((each) => each.id === id)!;
    const location = `${id} of ${this.location}`;
    const { timeoutMs, settings } = this;
    return BulkWriting.open({ location, timeoutMs, settings, dedicated: async () => node.dedicated() });
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
    // ioredis would ignore the database and use 0.
    if (this.isCluster && this.database !== 0) {
      throw new ConfigError(
        `${this.location} is a cluster, which has database 0 only, not ${this.database}`,
        'Remove the database from the profile or URL.',
      );
    }

    // The timeout is for the server.
    await this.tunnel?.ready();
    const options = await clientOptions(this.settings, this.timeoutMs, this.tunnel);
    try {
      return await (this.isCluster ? this.#connectCluster(options) : this.#connectServer(options));
    } catch (error) {
      // A plain Redis port waits for the rest of the TLS ClientHello.
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
    try {
      await connected(client.connect(), client, this.timeoutMs);
      checkGreeting(client, failure);
    } catch (error) {
      // ioredis reports the reason by an event and rejects with "Connection is closed".
      throw failure.error ?? error;
    }

    const explain: Explain = (error) => translated(failure.insteadOf(error), this.location);
    return {
      client,
      explain: this.settings.kind === 'sentinel' ? (error) => mayBeReplaced(explain(error)) : explain,
    };
  }
}

function clusterNode(cluster: ClusterClient, redis: Redis, location: string): Node {
  const id = nodeId(redis);
  return new ServerNode(redis, `${id} of ${location}`, (error) => cluster.explainNode(id, error));
}

/** Never throws: the caller that opened it got the error. */
async function closed(
  opening: Promise<Opened> | undefined,
  openingBulk: ReadonlyArray<Promise<BulkWriting>>,
): Promise<void> {
  for (const bulk of await Promise.allSettled(openingBulk)) if (bulk.status === 'fulfilled') bulk.value.close();
  const [opened] = await Promise.allSettled([opening]);
  if (opened.status === 'fulfilled') opened.value?.client.disconnect();
}

interface Opened {
  readonly client: Cluster | Redis;
  /** Only for a cluster. */
  readonly cluster?: ClusterClient;
  readonly explain: Explain;
}

/** ioredis has timeouts for DNS, socket and handshake, but no total timeout. */
async function connected(work: Promise<void>, client: Cluster | Redis, timeoutMs: number): Promise<void> {
  await withTimeout(work, timeoutMs, () => {
    client.disconnect();
    return new Error('Command timed out');
  });
}
