import { Cluster, type Redis } from 'ioredis';

import type { RedisConnection } from '../../../profiles/profile.js';
import type { RedisOptions } from './client-options.js';

import { type CachectlError, TimeoutError, UnreachableError } from '../../../errors.js';
import { causeOf, isReply, mayBeReplaced, translated } from '../errors.js';
import { timeoutOfOne } from './client-options.js';
import { isVague, moreSpecific, watchFailures } from './connection-failures.js';
import { SLOTS } from './key-slot.js';
import { lostNodes } from './lost-nodes.js';
import { nodeId } from './server-node.js';
import { missingSlots, type SlotRange, slotRanges, type SlotReply, withHosts, withRedirectedHost } from './slot-map.js';

/** A cluster client that remembers the slot map of the cluster and why nodes were lost. */
export class ClusterClient {
  readonly client: Cluster;
  readonly #location: string;
  readonly #configured: ReadonlySet<string>;
  /** The last error of each node, latest last. */
  readonly #failures = new Map<string, Error>();
  #ranges: readonly SlotRange[] = [];
  /** The primary of each slot; undefined after nodes or slots changed. */
  #bySlot: ReadonlyArray<Redis | undefined> | undefined;
  /** The host of nodes that announce none; undefined while all nodes announce one. */
  #hostOfHostless: string | undefined;
  /** The answer that several commands wait for. */
  #lostNodes: Promise<string> | undefined;
  #failure: Error | undefined;
  /** Nodes that were connected once. */
  readonly #reached = new Set<string>();
  /** The first primary that was connected and then lost. */
  #lost: string | undefined;

  /** Does not connect yet. @param options for the connections to each node */
  constructor(settings: RedisConnection, options: RedisOptions, { location, timeoutMs }: ClusterPlace) {
    this.#location = location;
    this.#configured = new Set(settings.nodes.map(({ host, port }) => `${host}:${port}`));
    this.client = new Cluster([...settings.nodes], {
      redisOptions: options,
      lazyConnect: true,
      enableReadyCheck: false,
      clusterRetryStrategy: () => null,
      slotsRefreshTimeout: timeoutOfOne(settings.nodes, timeoutMs),
      // A certificate may be valid for the host name only, so names are not resolved to addresses.
      dnsLookup: (host, done) => done(null, host),
      // A slot that is migrating answers with MOVED or ASK. Follow a limited number of these.
      maxRedirections: 8,
      retryDelayOnClusterDown: 0,
      retryDelayOnFailover: 0,
    });
    this.client.on('error', (error: Error) => {
      this.#failure = error;
    });
    this.client.on('+node', (node: Redis) => this.#prepare(node));
    for (const event of ['+node', '-node', 'refresh']) {
      this.client.on(event, () => {
        this.#bySlot = undefined;
      });
    }
  }

  /** @throws CachectlError that names the nodes that failed */
  async connect(): Promise<void> {
    try {
      await this.client.connect();
    } catch (error) {
      throw this.explain(this.#failure ?? error);
    }
  }

  /** Reload the slot map. */
  async refresh(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.client.refreshSlotsCache((error) => (error ? reject(this.explain(error)) : resolve()));
    });
  }

  /**
   * Clients of the primaries, which together serve every slot.
   * @throws UnreachableError that names slots without a primary, or a primary without a connection
   */
  primaries(): readonly Redis[] {
    const primaries = this.client.nodes('master');
    const connected = new Set(primaries.map((node) => nodeId(node)));
    const lost = this.#ranges.find(({ primary }) => !connected.has(primary));
    if (lost !== undefined) throw this.explainNode(lost.primary, new Error('Connection is closed.'));
    const missing = missingSlots(this.#ranges);
    if (missing !== '') throw unassigned(this.#location, missing, this.#configured);
    return primaries;
  }

  /** The primary that serves a slot, by the latest slot map. Undefined if it is not known or not connected. */
  primaryOf(slot: number): Redis | undefined {
    this.#bySlot ??= this.#primariesBySlot();
    const primary = this.#bySlot[slot];
    return primary?.status === 'end' ? undefined : primary;
  }

  #primariesBySlot(): ReadonlyArray<Redis | undefined> {
    const known = new Map(this.client.nodes('master').map((node) => [nodeId(node), node]));
    const bySlot: Array<Redis | undefined> = Array.from({ length: SLOTS });
    for (const { first, last, primary } of this.#ranges) bySlot.fill(known.get(primary), first, last + 1);
    return bySlot;
  }

  /**
   * The error for a primary that was lost after connecting. ioredis follows a cluster to the replica that replaces it.
   * Replication is asynchronous, so the replica may lack writes that the primary acknowledged.
   */
  get lostPrimary(): CachectlError | undefined {
    return this.#lost === undefined ? undefined : this.explainNode(this.#lost, new Error('Connection is closed.'));
  }

  /** Name the node that failed. ioredis reports node errors only by events. */
  readonly explain = (error: unknown): CachectlError => {
    const cause = causeOf(error);
    if (!isVague(cause)) return translated(error, this.#location);
    const [latest] = [...this.#failures].toReversed();
    if (latest !== undefined) return this.explainNode(...latest);
    if (this.#lost !== undefined) return this.explainNode(this.#lost, cause);
    const known = translated(error, this.#location);
    const slow = this.client.nodes('all').filter(({ status }) => status === 'connecting');
    if (!(known instanceof TimeoutError) || slow.length === 0) return known;
    return this.explainNode(nodeId(slow[0]!), cause);
  };

  /** Explain why commands to one node fail. */
  explainNode(id: string, error: unknown): CachectlError {
    const cause = isVague(error) ? (this.#failures.get(id) ?? error) : error;
    const known = translated(cause, `${id} of ${this.#location}`);
    if (id === this.#lost) return mayBeReplaced(known);
    if (isReply(cause) || this.#configured.has(id) || this.#reached.has(id)) return known;
    const hint =
      'The cluster announces this address (cluster-announce-ip, -hostname). Check that it is reachable from here.';
    if (known instanceof TimeoutError) return new TimeoutError(known.message, hint, { cause: known });
    const isAddress = known instanceof UnreachableError && /refuses|reached|known by/.test(known.message);
    return isAddress ? new UnreachableError(known.message, hint, { cause: known }) : known;
  }

  #fail(id: string, error: Error): void {
    const latest = moreSpecific(this.#failures.get(id), error);
    this.#failures.delete(id);
    this.#failures.set(id, latest);
  }

  #prepare(node: Redis): void {
    const id = nodeId(node);
    watchFailures(node, (error) => this.#fail(id, error));
    node.once('ready', () => {
      this.#reached.add(id);
      node.once('close', () => {
        if (this.#ranges.some(({ primary }) => primary === id)) this.#lost ??= id;
      });
    });
    this.#completeErrors(node, node);
    const duplicate = node.duplicate.bind(node) as (override?: RedisOptions) => Redis;
    // ioredis loads the slot map on a duplicate of a node's connection and compares slot numbers as it receives them.
    // As text, "5461" > "10922": it would find no node for such a range, pick any node and follow MOVED, so that two
    // writes to one key could arrive in the wrong order.
    node.duplicate = (override?: RedisOptions) => {
      const copy = duplicate({ stringNumbers: false, ...override });
      watchFailures(copy, (error) => this.#fail(id, error));
      this.#completeErrors(copy, node);
      return this.#readSlotsOn(copy);
    };
  }

  /**
   * Read the slot map that ioredis keeps private, and fill in hosts: ioredis drops nodes without one, which have the
   * host of the node that was asked. With a callback nobody handles the returned promise, so it must be ioredis's own.
   */
  #readSlotsOn(redis: Redis): Redis {
    const ask = redis.cluster.bind(redis) as AskCluster;
    const { host = '' } = redis.options;
    return Object.assign(redis, {
      cluster: (subcommand: string, ...rest: unknown[]) => {
        const done = rest.at(-1);
        if (subcommand !== 'SLOTS' || typeof done !== 'function') return ask(subcommand, ...rest);
        return ask(subcommand, (error: Error | null, reply?: SlotReply) => {
          if (error !== null || reply === undefined) return done(error);
          const { hosted, isHostless } = withHosts(reply, host);
          this.#hostOfHostless = isHostless ? host : undefined;
          this.#ranges = slotRanges(hosted);
          return done(null, hosted);
        });
      },
    });
  }

  /**
   * Complete the error replies to commands. MOVED and ASK errors of nodes without a host contain only a port, and
   * CLUSTERDOWN does not name the lost nodes.
   * @param redis the connection of the commands, which may be in a transaction
   * @param node another connection to the same server, or the same one
   */
  #completeErrors(redis: Redis, node: Redis): void {
    const sendCommand = redis.sendCommand.bind(redis);
    redis.sendCommand = (command, stream) => {
      const host = this.#hostOfHostless;
      const reject = command.reject.bind(command);
      command.reject = (error: Error) => {
        // ioredis sends a command again that had to wait for the connection, so the error may be complete.
        if (/^CLUSTERDOWN [^:]*$/.test(error.message)) this.#withLostNodes(error, node).then(reject);
        else reject(host === undefined ? error : withRedirectedHost(error, host));
      };

      return sendCommand(command, stream);
    };
  }

  async #withLostNodes(error: Error, node: Redis): Promise<Error> {
    this.#lostNodes ??= node
      .call('CLUSTER', 'NODES')
      .then((reply) => lostNodes(String(reply)))
      // It may be forbidden. The error is right without it.
      .catch(() => '')
      .finally(() => {
        this.#lostNodes = undefined;
      });
    const lost = await this.#lostNodes;
    if (lost !== '') error.message += `: ${lost}`;
    return error;
  }
}

interface ClusterPlace {
  readonly location: string;
  readonly timeoutMs: number;
}

type AskCluster = (subcommand: string, ...rest: unknown[]) => Promise<unknown>;

function unassigned(location: string, slots: string, configured: ReadonlySet<string>): UnreachableError {
  const [node] = configured;
  const hint = `Check them with redis-cli --cluster check ${node}, and assign them with redis-cli --cluster fix ${node}`;
  return new UnreachableError(`no node of the ${location} serves ${slots}: their keys cannot be reached`, hint);
}
