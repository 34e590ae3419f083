import type { CachectlError } from '../../../errors.js';
import type { CacheEvent, EventsOptions } from '../../contract/events.js';
import type { MemcachedContext } from '../context.js';
import type { MetaNode } from '../protocol/meta-node.js';
import type { Item } from '../protocol/node.js';

import { Peek } from '../listing/peek.js';
import { addressesAt, ClientAddresses, CONNECTIONS } from './client-addresses.js';
import { WatchDecoder } from './watch-decoder.js';
import { keepChecking, Watch } from './watch.js';

/** The watch flag for deletions, since Memcached 1.6.20. */
const DELETIONS = 'deletions';

const BASE_FLAGS = 'fetchers mutations evictions';

/** The most complete set first. */
const FLAG_SETS = [`${BASE_FLAGS} ${CONNECTIONS} ${DELETIONS}`, `${BASE_FLAGS} ${CONNECTIONS}`, BASE_FLAGS];

export interface SessionListener {
  emit(event: CacheEvent): void;
  onDropped(events: number): void;
  /** The session has ended with an error. */
  fail(error: CachectlError): void;
}

/** One connection to a server's `watch`, decoded into events. */
export class WatchSession {
  readonly #watch: Watch;
  readonly #decoder: WatchDecoder;
  readonly #peek: Peek;
  readonly #endChecks: () => void;

  /** Resolves when the watch is active. @throws the errors of `Watch.open` */
  static async open(
    node: MetaNode,
    context: MemcachedContext,
    options: EventsOptions,
    listener: SessionListener,
  ): Promise<WatchSession> {
    const [peek, clients] = [new Peek(node, context.timeoutMs), new ClientAddresses(node)];
    const decoder = new WatchDecoder({
      keys: context.keys,
      options,
      clients,
      isOwn: (connection, key) => peek.isOwn(connection, key),
      emit: (event) => listener.emit(event),
    });
    const before = await addressesAt(node);
    let isOpen = false;
    let failure: CachectlError | undefined;
    const watch = await Watch.open(node, FLAG_SETS, {
      onLine(line) {
        decoder.decode(line);
      },
      async onDropped(events) {
        listener.onDropped(events);
        await clients.reload();
      },
      fail(error) {
        failure = error;
        if (isOpen) listener.fail(error);
      },
    });
    if (watch.flags.includes(CONNECTIONS)) clients.start(before, await addressesAt(node));
    if (failure !== undefined) throw failure;
    isOpen = true;
    return new WatchSession(watch, decoder, peek, listener);
  }

  private constructor(watch: Watch, decoder: WatchDecoder, peek: Peek, listener: SessionListener) {
    this.#watch = watch;
    this.#decoder = decoder;
    this.#peek = peek;
    this.#endChecks = keepChecking([watch], (error) => listener.fail(error));
  }

  get reportsDeletions(): boolean {
    return this.#watch.flags.includes(DELETIONS);
  }

  /** When the server last answered. */
  get heardAt(): Date {
    return this.#watch.heardAt;
  }

  /** Read items without causing events. */
  async read(keys: readonly Buffer[]): Promise<ReadonlyArray<CachectlError | Item | undefined>> {
    return this.#peek.read(keys);
  }

  /** See `Watch.check`. */
  async check(): Promise<void> {
    await this.#watch.check();
  }

  /** Emit held events and close the connections. The listener's `fail` is called. */
  end(): void {
    this.#endChecks();
    this.#decoder.end();
    this.#watch.end();
    this.#peek.end();
  }
}
