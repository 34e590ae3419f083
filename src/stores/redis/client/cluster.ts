import { Cluster, type Redis } from 'ioredis';

import type { RedisConnection } from '../../../profiles/profile.js';
import type { RedisOptions } from './client-options.js';

import { type CachectlError, TimeoutError, UnreachableError } from '../../../errors.js';
import { causeOf, isReply, translated } from '../errors.js';
import { timeoutOfOne } from './client-options.js';
import { isVague, moreTelling, watchFailures } from './connection-failures.js';
import { nodeId } from './server-node.js';
import { missingSlots, type SlotRange, slotRanges, type SlotReply, withHosts, withRedirectedHost } from './slot-map.js';

/** A client of a cluster, what the cluster last said of its slots, and why nodes were lost. */
export class ClusterClient {
  readonly client: Cluster;
  readonly #location: string;
  readonly #configured: ReadonlySet<string>;
  /** By node, the latest last. */
  readonly #failures = new Map<string, Error>();
  #ranges: readonly SlotRange[] = [];
  /** Where to find nodes that announce no host; undefined as long as all do. */
  #hostOfHostless: string | undefined;
  #failure: Error | undefined;

  /** Not connected yet. What is in `options` holds for its connections to the nodes. */
  constructor(settings: RedisConnection, options: RedisOptions, { location, timeoutMs }: ClusterPlace) {
    this.#location = location;
    this.#configured = new Set(settings.nodes.map(({ host, port }) => `${host}:${port}`));
    this.client = new Cluster([...settings.nodes], {
      redisOptions: options,
      lazyConnect: true,
      enableReadyCheck: false,
      clusterRetryStrategy: () => null,
      slotsRefreshTimeout: timeoutOfOne(settings.nodes, timeoutMs),
      // A certificate may be for the name alone.
      dnsLookup: (host, done) => done(null, host),
      // A slot on the move is answered with MOVED or ASK, to be followed some times and no more.
      maxRedirections: 8,
      retryDelayOnClusterDown: 0,
      retryDelayOnFailover: 0,
    });
    this.client.on('error', (error: Error) => {
      this.#failure = error;
    });
    this.client.on('+node', (node: Redis) => this.#prepare(node));
  }

  /** @throws CachectlError that says what became of the nodes that were asked */
  async connect(): Promise<void> {
    try {
      await this.client.connect();
    } catch (error) {
      throw this.explain(this.#failure ?? error);
    }
  }

  /** Asks again which primaries there are. */
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

  /** Names the node where one failed, which the library says by events alone. */
  readonly explain = (error: unknown): CachectlError => {
    const cause = causeOf(error);
    if (!isVague(cause)) return translated(error, this.#location);
    const [latest] = [...this.#failures].toReversed();
    if (latest !== undefined) return this.explainNode(...latest);
    const known = translated(error, this.#location);
    const slow = this.client.nodes('all').filter(({ status }) => status === 'connecting');
    if (!(known instanceof TimeoutError) || slow.length === 0) return known;
    return this.explainNode(nodeId(slow[0]!), cause);
  };

  /** Why commands to one node fail. */
  explainNode(id: string, error: unknown): CachectlError {
    const cause = isVague(error) ? (this.#failures.get(id) ?? error) : error;
    const known = translated(cause, `${id} of ${this.#location}`);
    if (isReply(cause) || this.#configured.has(id)) return known;
    const hint =
      'The cluster announces this address (cluster-announce-ip, -hostname). Check that it is reachable from here.';
    if (known instanceof TimeoutError) return new TimeoutError(known.message, hint, { cause: known });
    const isAddress = known instanceof UnreachableError && /refuses|reached|known by/.test(known.message);
    return isAddress ? new UnreachableError(known.message, hint, { cause: known }) : known;
  }

  #fail(id: string, error: Error): void {
    const told = moreTelling(this.#failures.get(id), error);
    this.#failures.delete(id);
    this.#failures.set(id, told);
  }

  #prepare(node: Redis): void {
    const id = nodeId(node);
    watchFailures(node, (error) => this.#fail(id, error));
    this.#followHostless(node);
    const duplicate = node.duplicate.bind(node) as (override?: RedisOptions) => Redis;
    // The library asks for the slots on a duplicate of a node's connection, and counts from the first of a range to the last
    // as they came. As text "5461" is behind "10922": it would take such a range to be nobody's, ask any node, and be sent on
    // by MOVED, so that of two writes to one key the later could come first.
    node.duplicate = (override?: RedisOptions) => {
      const copy = duplicate({ stringNumbers: false, ...override });
      watchFailures(copy, (error) => this.#fail(id, error));
      return this.#readSlotsOn(copy);
    };
  }

  /**
   * The library drops nodes without a host, which are where the host that was asked is, and keeps the ranges to itself. Nobody
   * looks at the promise when there is a callback, so it must be the library's own.
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

  /** MOVED and ASK of such nodes name a port alone. */
  #followHostless(node: Redis): void {
    const sendCommand = node.sendCommand.bind(node);
    node.sendCommand = (command, stream) => {
      const host = this.#hostOfHostless;
      if (host === undefined) return sendCommand(command, stream);
      const reject = command.reject.bind(command);
      command.reject = (error: Error) => reject(withRedirectedHost(error, host));
      return sendCommand(command, stream);
    };
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
