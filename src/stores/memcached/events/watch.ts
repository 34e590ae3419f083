import type { CachectlError } from '../../../errors.js';
import type { MetaNode } from '../protocol/meta-node.js';

import { PartialError } from '../../../errors.js';
import { refusedBy } from '../errors.js';
import { statsOf, type TextWire } from '../protocol/text-connection.js';

/** Interval between checks that the servers are up and dropped no events, in milliseconds. */
const CHECK_MS = 2000;

/** Events that did not fit into the buffer of this watch. */
const SKIPPED = /^skipped=(\d{1,15})$/;

export interface WatchListener {
  onLine(line: string): void;
  /** The server dropped this many events because its buffers were full. */
  onDropped(events: number): void;
  /** The watch has ended. */
  fail(error: CachectlError): void;
}

/** The `watch` command of one server, on a connection of its own. */
export class Watch {
  readonly node: MetaNode;
  /** The watch flags that the server accepted. */
  readonly flags: string;
  readonly #wire: TextWire;
  readonly #listener: WatchListener;
  /** The server's counter of dropped events at the last check. It counts for all watches together. */
  #dropped: number;
  #heardAt = new Date();

  private constructor(node: MetaNode, flags: string, wire: TextWire, { listener, dropped }: Opened) {
    this.node = node;
    this.flags = flags;
    this.#wire = wire;
    this.#listener = listener;
    this.#dropped = dropped;
  }

  /**
   * @param flagSets sets of watch flags (`fetchers mutations`), the preferred one first. If the server does not know a
   * flag, the next set is tried.
   * @throws RefusedError if the server accepts none of them
   */
  static async open(node: MetaNode, flagSets: readonly string[], listener: WatchListener): Promise<Watch> {
    const dropped = await droppedBy(node);
    const wire = await node.text.dedicated();
    const lines: WatchListener = {
      onLine(line) {
        const [, skipped] = SKIPPED.exec(line) ?? [];
        if (skipped === undefined) listener.onLine(line);
        else listener.onDropped(Number(skipped));
      },
      onDropped: (events) => listener.onDropped(events),
      fail: (error) => listener.fail(error),
    };
    try {
      for (const flags of flagSets) {
        if (await isAccepted(wire, flags, lines)) return new Watch(node, flags, wire, { listener, dropped });
      }

      throw refusedBy(node.location, 'ERROR watch is not known');
    } catch (error) {
      wire.end();
      throw error;
    }
  }

  /** When the server last answered. A silent connection is noticed late. */
  get heardAt(): Date {
    return this.#heardAt;
  }

  get isClosed(): boolean {
    return this.#wire.isClosed;
  }

  /**
   * Report to the listener how many events the server dropped since the last check.
   * @throws UnreachableError or TimeoutError if the server is gone or silent
   */
  async check(): Promise<void> {
    const askedAt = new Date();
    const now = await droppedBy(this.node);
    this.#heardAt = askedAt;
    const events = now - this.#dropped;
    this.#dropped = now;
    if (events > 0) this.#listener.onDropped(events);
  }

  /** Close the connection. The listener's `fail` is called. */
  end(): void {
    this.#wire.end();
  }
}

interface Opened {
  readonly listener: WatchListener;
  readonly dropped: number;
}

/** Check the watches at an interval until one ends or fails, or until the returned function is called. */
export function keepChecking(watches: readonly Watch[], fail: (error: CachectlError) => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const next = (): void => {
    timer = setTimeout(async () => {
      try {
        await Promise.all(watches.map(async (each) => each.check()));
        if (!isStopped && !watches.some((each) => each.isClosed)) next();
      } catch (error) {
        if (!isStopped) fail(error as CachectlError);
      }
    }, CHECK_MS);
  };

  next();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}

/**
 * False if the server does not know one of the flags. Its OK and the first lines may arrive in one chunk, so the same
 * taker reads both.
 */
async function isAccepted(wire: TextWire, flags: string, listener: WatchListener): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let isOn = false;
    wire.send(`watch ${flags}\r\n`, {
      get isTimed() {
        return !isOn;
      },
      take({ line }) {
        if (isOn) {
          listener.onLine(line);
          return false;
        }

        if (line !== 'OK' && line !== 'ERROR') reject(refusedBy(wire.location, line));
        isOn = line === 'OK';
        resolve(isOn);
        return !isOn;
      },
      fail(error) {
        if (isOn) listener.fail(error);
        else reject(error);
      },
    });
  });
}

/** Events that did not fit into the server's own buffers. No watch is notified of them. */
async function droppedBy(node: MetaNode): Promise<number> {
  return Number((await statsOf(await node.text.shared())).get('log_worker_dropped') ?? 0);
}

export function droppedError({ location }: MetaNode, events: number): PartialError {
  return new PartialError(
    `${location} dropped ${events} events: its log buffers were full`,
    'The events before are complete. Try again under less load. Selecting fewer event types does not help.',
  );
}
