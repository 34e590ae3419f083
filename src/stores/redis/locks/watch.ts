import type { LockEvent, LockEventType, LockStream, WatchLocksOptions } from '../../contract/locks.js';
import type { RedisContext } from '../context.js';

import { EventQueue } from '../../events/queue.js';
import { WatchedServer } from './watched-server.js';

const TYPES: readonly LockEventType[] = ['held', 'acquired', 'contended', 'refreshed', 'released', 'expired'];

/** A stream that its store stops when it closes. */
export interface LockWatch extends LockStream {
  /** Never throws. */
  stop(): Promise<void>;
}

/**
 * What every client does to these locks, from the MONITOR of the servers that hold them. The stream ends with the signal;
 * with UnreachableError when a connection is lost; with TimeoutError when a server answers or prints nothing any more; with
 * WrongTypeError when a key does not hold a lock.
 * @throws RefusedError where MONITOR is not allowed
 */
export async function watchLocks(
  context: RedisContext,
  names: readonly string[],
  { signal }: WatchLocksOptions,
): Promise<LockWatch> {
  signal.throwIfAborted();
  const over = new AbortController();
  const queue = new EventQueue<LockEvent>();
  const stop = async (): Promise<void> => {
    queue.end();
    over.abort();
  };

  signal.addEventListener('abort', stop, { once: true });
  try {
    for (const node of await context.lockConnection.nodes()) {
      const server = await WatchedServer.open(context, node, names, over.signal);
      if (server === undefined) continue;
      pass(server, queue).catch((error: Error) => queue.fail(error));
      await server.compare();
    }
  } catch (error) {
    await stop();
    if (!signal.aborted) throw error;
  }

  return {
    source: 'MONITOR: attempts of every client; printing every command may cost a busy server half of its throughput',
    types: TYPES,
    stop,
    async *[Symbol.asyncIterator]() {
      try {
        yield* queue;
      } finally {
        await stop();
      }
    },
  };
}

async function pass(server: WatchedServer, queue: EventQueue<LockEvent>): Promise<void> {
  for await (const event of server.events()) queue.push(event);
}
