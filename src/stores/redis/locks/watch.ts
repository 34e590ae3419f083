import type { LockEvent, LockEventType, LockStream, WatchLocksOptions } from '../../contract/locks.js';
import type { Node } from '../client/command.js';
import type { RedisContext } from '../context.js';

import { EventQueue } from '../../events/queue.js';
import { WatchedServer } from './server.js';

const TYPES: readonly LockEventType[] = ['held', 'acquired', 'contended', 'refreshed', 'released', 'expired'];

/**
 * What every client does to these locks, from the MONITOR of the servers that have them. Ends with the signal. A connection
 * that is lost ends it with UnreachableError, a server that answers or prints nothing any more with TimeoutError, a name
 * that bears something else than a lock with WrongTypeError.
 * @throws RefusedError where MONITOR is not allowed
 */
export async function watchLocks(
  context: RedisContext,
  names: readonly string[],
  { signal }: WatchLocksOptions,
): Promise<LockWatch> {
  signal.throwIfAborted();
  const watch = new LockWatch(context);
  try {
    for (const node of await context.lockConnection.nodes()) await watch.begin(node, names);
  } catch (error) {
    await watch.stop();
    throw error;
  }

  signal.addEventListener('abort', async () => watch.stop(), { once: true });
  if (signal.aborted) await watch.stop();
  return watch;
}

export class LockWatch implements LockStream {
  readonly source =
    'MONITOR: the tries of every client; it has the server print each command, which may cost a busy one half of its throughput meanwhile';
  readonly types = TYPES;
  readonly #context: RedisContext;
  readonly #queue = new EventQueue<LockEvent>();
  readonly #servers: WatchedServer[] = [];

  constructor(context: RedisContext) {
    this.#context = context;
  }

  /** Watches those of the locks that live on this server. */
  async begin(node: Node, names: readonly string[]): Promise<void> {
    const server = new WatchedServer(this.#context, node, this.#queue);
    this.#servers.push(server);
    await server.begin(names);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<LockEvent> {
    try {
      yield* this.#queue;
    } finally {
      await this.stop();
    }
  }

  /** Never throws. */
  async stop(): Promise<void> {
    this.#queue.end();
    for (const server of this.#servers) server.stop();
  }
}
