import type { LockEvent, LockEventType, WatchLocksOptions } from '../../contract/locks.js';
import type { RedisContext } from '../context.js';

import { deferred, unlessAborted } from '../../../async.js';
import { EventQueue } from '../../events/queue.js';
import { openTail, type Session, type Tail } from '../../events/resuming-tail.js';
import { LOCK_EVENTS } from '../../locks/polled-watch.js';
import { translated } from '../errors.js';
import { LockModel } from './model.js';
import { WatchedServer } from './watched-server.js';

const TYPES: readonly LockEventType[] = ['held', 'acquired', 'contended', 'refreshed', 'released', 'expired'];

/**
 * Report what every client does to these locks, from MONITOR on the servers that hold them. The iteration throws
 * WrongTypeError if a key does not hold a lock.
 * @throws RefusedError if MONITOR is not allowed
 */
export async function watchLocks(
  context: RedisContext,
  names: readonly string[],
  options: WatchLocksOptions,
): Promise<Tail<LockEvent>> {
  options.signal.throwIfAborted();
  const queue = new EventQueue<LockEvent>();
  // Models outlive a lost connection, so that the next comparison finds what changed.
  const models = new Map(names.map((name) => [name, new LockModel(name)]));
  const feed = {
    subject: LOCK_EVENTS,
    open: async () => openSession(context, models, (event) => queue.push(event)),
  };
  return openTail([feed], queue, options, () => ({
    source: 'MONITOR: attempts of all clients; MONITOR can cost a busy server half of its throughput',
    types: TYPES,
  }));
}

async function openSession(
  context: RedisContext,
  models: ReadonlyMap<string, LockModel>,
  report: (event: LockEvent) => void,
): Promise<Session> {
  const lockConnection = context.lockConnection.copy();
  const over = new AbortController();
  const lost = deferred<never>();
  // The session may fail before `run` waits for it.
  lost.promise.catch(() => {});
  const end = async (): Promise<void> => {
    over.abort();
    await lockConnection.close();
  };

  const servers: WatchedServer[] = [];
  for (const model of models.values()) model.suspend();
  try {
    for (const node of await lockConnection.nodes()) {
      const server = await WatchedServer.open({ ...context, lockConnection }, node, models, over.signal);
      if (server === undefined) continue;
      servers.push(server);
      pass(server, report).catch((error: unknown) => lost.reject(translated(error, lockConnection.location)));
      await server.compare();
    }
  } catch (error) {
    await end();
    throw translated(error, lockConnection.location);
  }

  return {
    get heardAt() {
      return new Date(Math.min(...servers.map((server) => server.heardAt.getTime())));
    },
    async run(signal) {
      try {
        return await unlessAborted(lost.promise, signal);
      } finally {
        await end();
      }
    },
  };
}

async function pass(server: WatchedServer, report: (event: LockEvent) => void): Promise<void> {
  for await (const event of server.events()) report(event);
}
