import { type Cluster, Command as LibraryCommand, Redis, ReplyError } from 'ioredis';
import { readFile } from 'node:fs/promises';

import type { RedisConnection } from '../../profiles/profile.js';
import type { BulkWriting } from './bulk-writing.js';
import type { RedisOptions } from './cluster.js';

import { type CachectlError, ConfigError, TimeoutError, UnansweredError } from '../../errors.js';
import { newCluster, timeoutOfOne } from './cluster.js';
import { translated } from './errors.js';
import { withQuietAuth } from './quiet-auth.js';

/** The name of a command and its arguments, keys and bytes as they are. */
export type Command = readonly [name: string, ...args: ReadonlyArray<Buffer | number | string>];

/** What a server answers: whole numbers come as text, since they may be larger than JavaScript counts. */
export type Reply = Buffer | null | readonly Reply[] | string;

/** What can be asked of a server. */
export type Session = Pick<Node, 'batch' | 'call'>;

/** One server that keys live on: all of them, or a primary of the cluster. */
export interface Node {
  /** Which server it is, among those of a cluster. */
  readonly id: string;
  /** `host:port`, or the path of a socket; behind sentinels of the primary that they gave. For people. */
  readonly address: string;
  call(...command: Command): Promise<Reply>;
  batch(commands: readonly Command[]): Promise<Array<Error | Reply>>;
  /** A connection of its own to the same server, for subscriptions. Whoever asks for it disconnects it. */
  dedicated(): Promise<Redis>;
  /** Runs `work` on a connection of its own, as transactions need it: WATCH holds for a whole connection. */
  exclusively<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** One on which the server prints every command that it gets, as the event `monitor`. Whoever asks for it disconnects it. */
  monitor(): Promise<Redis>;
}

type Client = Cluster | Redis;

/** `instanceof` would load what only clusters need. */
function isCluster(client: Client): client is Cluster {
  return client.isCluster;
}

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

  constructor(settings: RedisConnection, timeoutMs: number) {
    this.isCluster = settings.kind === 'cluster';
    this.location = locationOf(settings);
    this.settings = settings;
    this.timeoutMs = timeoutMs;
  }

  get database(): number {
    return this.settings.database;
  }

  async call(...command: Command): Promise<Reply> {
    const { client } = await this.#open();
    return send(client, command, this.location);
  }

  /** Written at once, so one round trip to each server. An answer that is an error stands in its place. */
  async batch(commands: readonly Command[]): Promise<Array<Error | Reply>> {
    const { client } = await this.#open();
    return sendAll(client, commands, this.location);
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
    return new Connection(this.settings, this.timeoutMs);
  }

  /** As `nodes`, but a cluster is asked anew which primaries it has. */
  async nodesAnew(): Promise<readonly Node[]> {
    const { client } = await this.#open();
    if (isCluster(client)) {
      await new Promise<void>((resolve, reject) => {
        client.refreshSlotsCache((error) => (error ? reject(translated(error, this.location)) : resolve()));
      });
    }

    return this.nodes();
  }

  /** Every server that keys live on. */
  async nodes(): Promise<readonly Node[]> {
    const { nodes } = await this.#open();
    return nodes().map((redis) => new ServerNode(redis, this.location));
  }

  async dedicated(): Promise<Redis> {
    const [node] = await this.nodes();
    return node!.dedicated();
  }

  async monitor(): Promise<Redis> {
    const [node] = await this.nodes();
    return node!.monitor();
  }

  async close(): Promise<void> {
    const bulk = await this.#bulk?.catch(() => {
      // Whoever opened it was told.
    });
    bulk?.close();
    const opened = await this.#opened?.catch(() => {
      // Whoever opened it was told.
    });
    opened?.client.disconnect();
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
        'Leave the database out.',
      );
    }

    const options = await redisOptions(this.settings, this.timeoutMs);
    let failure: unknown;
    const onError = (error: unknown): void => {
      failure = error;
    };

    try {
      if (this.isCluster) {
        const cluster = newCluster(this.settings.nodes, options, this.timeoutMs);
        cluster.on('error', onError);
        await withinTime(cluster.connect(), this.timeoutMs, () => cluster.disconnect());
        return { client: cluster, nodes: () => cluster.nodes('master') };
      }

      const redis = withQuietAuth(new Redis(options));
      redis.on('error', onError);
      await withinTime(redis.connect(), this.timeoutMs, () => redis.disconnect());
      checkGreeting(redis, failure);
      return { client: redis, nodes: () => [redis] };
    } catch (error) {
      // The library tells the reason by an event, and rejects with «connection is closed».
      const known = translated(failure ?? error, this.location);
      throw known instanceof TimeoutError && this.settings.tls !== undefined ? noTls(known, this.location) : known;
    }
  }
}

async function openBulk(connection: Connection): Promise<BulkWriting> {
  const { BulkWriting } = await import('./bulk-writing.js');
  return BulkWriting.open(connection);
}

/**
 * The library connects all the same when SELECT was refused, to database 0 then, and tells it by an event only.
 * @throws what the server answered
 */
function checkGreeting(redis: Redis, failure: unknown): void {
  if (!(failure instanceof ReplyError)) return;
  redis.disconnect();
  throw failure;
}

/** A port that speaks plain Redis waits for more when it is sent a TLS hello. */
function noTls(cause: TimeoutError, location: string): TimeoutError {
  return new TimeoutError(
    `${location} did not answer in time over TLS`,
    'Does the port speak TLS? If not, use redis:// (or leave tls out); else give it longer with --timeout 30s.',
    { cause },
  );
}

interface Opened {
  readonly client: Client;
  nodes(): Redis[];
}

class ServerNode implements Node {
  readonly id: string;
  readonly address: string;
  readonly #redis: Redis;
  readonly #location: string;

  constructor(redis: Redis, location: string) {
    this.id = `${redis.options.host}:${redis.options.port}`;
    this.address = addressOf(redis);
    this.#redis = redis;
    this.#location = location;
  }

  async call(...command: Command): Promise<Reply> {
    return send(this.#redis, command, this.#location);
  }

  async batch(commands: readonly Command[]): Promise<Array<Error | Reply>> {
    return sendAll(this.#redis, commands, this.#location);
  }

  async dedicated(): Promise<Redis> {
    const copy = withQuietAuth(this.#redis.duplicate({ lazyConnect: true, stringNumbers: true }));
    let failure: unknown;
    copy.on('error', (error) => {
      failure = error;
    });
    try {
      await copy.connect();
      checkGreeting(copy, failure);
      return copy;
    } catch (error) {
      throw translated(failure ?? error, this.#location);
    }
  }

  async exclusively<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const copy = await this.dedicated();
    try {
      return await work(new ServerNode(copy, this.#location));
    } finally {
      copy.disconnect();
    }
  }

  async monitor(): Promise<Redis> {
    const copy = await this.dedicated();
    const command = new LibraryCommand('monitor');
    const { resolve } = command;
    // On a busy server the first lines come with the answer. To the library, which says later that it monitors now, they
    // would be answers to nothing.
    command.resolve = (answer) => {
      Object.assign(copy, { status: 'monitoring' });
      resolve(answer);
    };

    try {
      await copy.sendCommand(command);
    } catch (error) {
      copy.disconnect();
      throw translated(error, this.#location);
    }

    return copy;
  }
}

async function send(client: Client, command: Command, location: string): Promise<Reply> {
  try {
    return (await client.callBuffer(...asArguments(command))) as Reply;
  } catch (error) {
    throw unanswered(translated(error, location));
  }
}

/** The library's types want the arguments of a call to be changeable; it does not change them. */
function asArguments(command: Command): [string, ...Array<Buffer | number | string>] {
  return command as unknown as [string, ...Array<Buffer | number | string>];
}

function unanswered(error: CachectlError): CachectlError {
  return error instanceof TimeoutError ? new UnansweredError(error.message, error.hint, { cause: error }) : error;
}

/** A server gets all of it as one write; a cluster's client finds the node of each command. */
async function sendAll(client: Client, commands: readonly Command[], location: string): Promise<Array<Error | Reply>> {
  if (isCluster(client)) {
    const answers = await Promise.allSettled(commands.map(async (command) => send(client, command, location)));
    return answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : (answer.reason as Error)));
  }

  const pipeline = client.pipeline();
  for (const command of commands) pipeline.callBuffer(...asArguments(command));
  const answers = (await pipeline.exec()) ?? [];
  return answers.map(([error, reply]) => (error ? unanswered(translated(error, location)) : (reply as Reply)));
}

async function redisOptions(settings: RedisConnection, timeoutMs: number): Promise<RedisOptions> {
  const [first] = settings.nodes;
  const options: RedisOptions = {
    lazyConnect: true,
    protocol: 2,
    connectionName: 'cachectl',
    disableClientInfo: true,
    enableReadyCheck: false,
    stringNumbers: true,
    db: settings.database,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    disconnectTimeout: 100,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    reconnectOnError: null,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
  };
  if (settings.username !== undefined) options.username = settings.username;
  if (settings.password !== undefined) options.password = settings.password;
  if (settings.tls !== undefined) options.tls = await tlsOptions(settings.tls);
  if (settings.kind === 'sentinel') return { ...options, ...sentinelOptions(settings, timeoutMs) };
  if (settings.socket !== undefined) return { ...options, path: settings.socket };
  return first === undefined ? options : { ...options, host: first.host, port: first.port };
}

function sentinelOptions(settings: RedisConnection, timeoutMs: number): RedisOptions {
  const options: RedisOptions = {
    sentinels: [...settings.nodes],
    sentinelCommandTimeout: timeoutOfOne(settings.nodes, timeoutMs),
    sentinelRetryStrategy: () => null,
  };
  if (settings.primary !== undefined) options.name = settings.primary;
  if (settings.sentinelUsername !== undefined) options.sentinelUsername = settings.sentinelUsername;
  if (settings.sentinelPassword !== undefined) options.sentinelPassword = settings.sentinelPassword;
  if (settings.tls !== undefined) options.enableTLSForSentinelMode = true;
  return options;
}

async function tlsOptions({ ca, cert, key, verify }: NonNullable<RedisConnection['tls']>) {
  const files = { ca, cert, key };
  const read: Partial<Record<keyof typeof files, Buffer>> = {};
  for (const name of ['ca', 'cert', 'key'] as const) {
    const file = files[name];
    if (file === undefined) continue;
    read[name] = await readFile(file).catch((error: unknown) => {
      throw new ConfigError(`the TLS file ${file} cannot be read`, `Check tls.${name} in the profile.`, {
        cause: error,
      });
    });
  }

  return { ...read, rejectUnauthorized: verify };
}

/** The library bounds its parts (a look-up, a socket, a hello), but not their sum. */
async function withinTime<T>(work: Promise<T>, timeoutMs: number, giveUp: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error('Command timed out'));
      giveUp();
    }, timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function addressOf({ options, stream }: Redis): string {
  if (options.path !== undefined) return options.path;
  const { host = '', port = 0, sentinels } = options;
  const { remoteAddress, remotePort = 0 } = (stream ?? {}) as {
    readonly remoteAddress?: string;
    readonly remotePort?: number;
  };
  return sentinels && remoteAddress ? placeOf({ host: remoteAddress, port: remotePort }) : placeOf({ host, port });
}

function placeOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function locationOf({ kind, nodes, socket, primary, database }: RedisConnection): string {
  const places = nodes.map((node) => placeOf(node)).join(',');
  if (kind === 'cluster') return `redis cluster at ${places}`;
  if (kind === 'sentinel') return `redis ${primary ?? ''} by sentinels at ${places}, database ${database}`;
  return `redis ${socket ?? places}, database ${database}`;
}
