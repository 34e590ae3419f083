import type { CachectlError } from '../../../errors.js';
import type { LockEvent, WatchLocksOptions } from '../../contract/locks.js';
import type { MemcachedContext } from '../context.js';
import type { MetaNode } from '../protocol/meta-node.js';

import { deferred } from '../../../async.js';
import { EventQueue } from '../../events/queue.js';
import { type Feed, openTail, type Session, type Tail } from '../../events/resuming-tail.js';
import { POLL_MS, PolledLock } from '../../locks/polled-diff.js';
import { LOCK_EVENTS, LockPolls } from '../../locks/polled-watch.js';
import { AddressLookup } from '../events/client-addresses.js';
import { fieldsOf, timeOf } from '../events/watch-fields.js';
import { droppedError, keepChecking, Watch } from '../events/watch.js';
import { uriDecoded } from '../protocol/uri.js';
import { MemcachedLock } from './lock.js';

/**
 * Failed attempts come from the `watch` command of the servers that have the locks. Their holders are polled, since
 * Memcached reports neither what is stored nor what expires.
 */
export async function watchLocks(
  context: MemcachedContext,
  names: readonly string[],
  options: WatchLocksOptions,
): Promise<Tail<LockEvent>> {
  options.signal.throwIfAborted();
  const { connection, keys } = context;
  const queue = new EventQueue<LockEvent>();
  const feeds = connection.metaNodes.flatMap((node) => {
    const here = names.map((name) => [keys.full(name), name] as const).filter(([key]) => connection.at(key) === node);
    if (here.length === 0) return [];
    const locks = new Map(here.map(([key, name]) => [key.toString('latin1'), name]));
    return [new ServerLocks(context, node, locks, { ...options, report: (event) => queue.push(event) })];
  });
  return openTail(feeds, queue, options, () => ({
    source: `watch mutations: attempts of every client; the holder is polled every ${POLL_MS} ms, so shorter changes are missed`,
    types: ['held', 'acquired', 'contended', 'refreshed', 'released', 'expired'],
  }));
}

interface Reporting extends WatchLocksOptions {
  report(event: LockEvent): void;
}

class ServerLocks implements Feed {
  readonly subject = LOCK_EVENTS;
  readonly #node: MetaNode;
  /** By their full keys (`latin1`). */
  readonly #names: ReadonlyMap<string, string>;
  readonly #polls: LockPolls;
  readonly #options: Reporting;

  constructor(context: MemcachedContext, node: MetaNode, names: ReadonlyMap<string, string>, options: Reporting) {
    this.#node = node;
    this.#names = names;
    this.#options = options;
    const store = { lock: (name: string) => new MemcachedLock(context, name) };
    const locks = [...names.values()].map((name) => new PolledLock(store, name));
    this.#polls = new LockPolls(locks, options.report);
  }

  async open(): Promise<Session> {
    const polls = this.#polls;
    const lost = deferred<never>();
    // The watch may fail before `run` awaits this promise.
    lost.promise.catch(() => {});
    const addresses = new AddressLookup(this.#node);
    await polls.poll();
    const watch = await Watch.open(this.#node, ['mutations'], {
      onLine: (line) => this.#decode(line, addresses),
      onDropped: (events) => this.#onDropped(events, lost.reject),
      fail: lost.reject,
    });
    return {
      get heardAt() {
        return polls.heardAt;
      },
      run: async (signal) => this.#run(watch, lost, signal),
    };
  }

  async #run(
    watch: Watch,
    lost: ReturnType<typeof deferred<never>>,
    signal: AbortSignal,
  ): Promise<CachectlError | undefined> {
    const ended = new AbortController();
    const stopChecking = keepChecking([watch], lost.reject);
    try {
      return await Promise.race([lost.promise, this.#polls.run(AbortSignal.any([signal, ended.signal]))]);
    } finally {
      ended.abort();
      stopChecking();
      watch.end();
    }
  }

  #onDropped(events: number, fail: (error: Error) => void): void {
    const { onMissed } = this.#options;
    const error = droppedError(this.#node, events);
    if (onMissed === undefined) fail(error);
    else onMissed({ text: error.message, events });
  }

  /** `ts=1795437380.981034 gid=2 type=item_store key=deploy status=not_stored cmd=add ttl=60 clsid=1 cfd=26 size=0`. */
  #decode(line: string, addresses: AddressLookup): void {
    const fields = fieldsOf(line);
    if (fields.get('cmd') !== 'add' || fields.get('status') !== 'not_stored') return;
    const name = this.#names.get(uriDecoded(Buffer.from(fields.get('key') ?? '', 'latin1')).toString('latin1'));
    if (name === undefined) return;
    const event: LockEvent = { time: timeOf(fields.get('ts')), type: 'contended', name };
    // Never rejects.
    addresses
      .addressOf(fields.get('cfd') ?? '')
      .then((address) => this.#options.report(address === undefined ? event : { ...event, client: { address } }));
  }
}
