import type { LockEvent, LockEventType, LockStream, WatchLocksOptions } from '../../contract/locks.js';
import type { MemcachedContext } from '../context.js';
import type { MetaNode } from '../protocol/meta-node.js';

import { EventQueue } from '../../events/queue.js';
import { LockLooks, LOOK_MS } from '../../locks/polled-diff.js';
import { pause } from '../../locks/wait.js';
import { Clients } from '../events/clients.js';
import { fieldsOf, timeOf } from '../events/watch-fields.js';
import { keepChecking, leftOutBy, Watch } from '../events/watch.js';
import { uriDecoded } from '../protocol/uri.js';
import { MemcachedLock } from './lock.js';

/**
 * What happens to these locks. Who tries in vain is told by the watch of the servers that have them; who holds them is
 * looked at, since Memcached tells neither what is stored nor what expires. Ends with the signal. A connection that is
 * lost ends it with UnreachableError, tries that a server left out with PartialError.
 */
export async function watchLocks(
  context: MemcachedContext,
  names: readonly string[],
  { signal }: WatchLocksOptions,
): Promise<LockWatch> {
  signal.throwIfAborted();
  const { connection, keys } = context;
  const store = { lock: (name: string) => new MemcachedLock(context, name) };
  const watch = new LockWatch(names.map((name) => new LockLooks(store, name)));
  try {
    await watch.begin();
    for (const node of connection.metaNodes) {
      const ours = names.map((name) => [keys.full(name), name] as const);
      const here = ours.filter(([key]) => connection.at(key) === node);
      if (here.length > 0) await watch.add(node, new Map(here.map(([key, name]) => [key.toString('latin1'), name])));
    }
  } catch (error) {
    watch.stop();
    throw error;
  }

  signal.addEventListener('abort', () => watch.stop(), { once: true });
  if (signal.aborted) watch.stop();
  watch.keepLooking();
  return watch;
}

export class LockWatch implements LockStream {
  readonly source = `watch mutations: the tries of every client; who holds it is looked at every ${LOOK_MS} ms, and what comes and goes in between is missed`;
  readonly types: readonly LockEventType[] = ['held', 'acquired', 'contended', 'refreshed', 'released', 'expired'];
  readonly #locks: readonly LockLooks[];
  readonly #queue = new EventQueue<LockEvent>();
  readonly #watches: Watch[] = [];
  readonly #over = new AbortController();
  #endChecks: (() => void) | undefined;

  constructor(locks: readonly LockLooks[]) {
    this.#locks = locks;
  }

  /** Looks for the first time. */
  async begin(): Promise<void> {
    for (const lock of this.#locks) for (const event of await lock.look()) this.#queue.push(event);
  }

  /** @param names of the locks that this server has, by their full keys (`latin1`) */
  async add(node: MetaNode, names: ReadonlyMap<string, string>): Promise<void> {
    const clients = new Clients(node);
    const watch = await Watch.open(node, ['mutations'], {
      hear: (line) => this.#heard(line, names, clients),
      leftOut: (events) => this.#queue.fail(leftOutBy(node, events)),
      fail: (error) => this.#queue.fail(error),
    });
    this.#watches.push(watch);
  }

  /** Until it is stopped. */
  keepLooking(): void {
    this.#endChecks = keepChecking(this.#watches, (error) => this.#queue.fail(error));
    this.#look().catch((error: Error) => this.#queue.fail(error));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<LockEvent> {
    try {
      yield* this.#queue;
    } finally {
      this.stop();
    }
  }

  /** Ends the stream behind what waits to be read. */
  stop(): void {
    this.#over.abort();
    this.#endChecks?.();
    // Before the watches, whose ends are failures otherwise.
    this.#queue.end();
    for (const watch of this.#watches) watch.end();
  }

  async #look(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      await pause(LOOK_MS, signal);
      for (const lock of this.#locks) {
        if (signal.aborted) return;
        for (const event of await lock.look()) this.#queue.push(event);
      }
    }
  }

  /** `ts=1795437380.981034 gid=2 type=item_store key=deploy status=not_stored cmd=add ttl=60 clsid=1 cfd=26 size=0`. */
  #heard(line: string, names: ReadonlyMap<string, string>, clients: Clients): void {
    const fields = fieldsOf(line);
    if (fields.get('cmd') !== 'add' || fields.get('status') !== 'not_stored') return;
    const name = names.get(uriDecoded(Buffer.from(fields.get('key') ?? '', 'latin1')).toString('latin1'));
    if (name === undefined) return;
    const event: LockEvent = { time: timeOf(fields.get('ts')), type: 'contended', name };
    clients.addressOf(fields.get('cfd') ?? '').then(
      (address) => this.#queue.push(address === undefined ? event : { ...event, client: { address } }),
      // It tells of whom it does not know as undefined.
      (error: Error) => this.#queue.fail(error),
    );
  }
}
