import type { CachectlError } from '../../../errors.js';
import type { MetaNode } from '../protocol/meta-node.js';

import { PartialError } from '../../../errors.js';
import { refusedBy } from '../errors.js';
import { statsOf, type TextWire } from '../protocol/text-connection.js';

/** How often it is asked whether the servers are there, and whether they told all. */
const CHECK_MS = 2000;

/** What did not fit into the buffer of this watch. */
const SKIPPED = /^skipped=(\d{1,15})$/;

/** Takes what a watch tells. */
export interface Teller {
  hear(line: string): void;
  /** The server did not tell so many: more came than it could. */
  leftOut(events: number): void;
  /** There will be no more. */
  fail(error: CachectlError): void;
}

/** One server that tells what its clients do, on a wire of its own. */
export class Watch {
  readonly node: MetaNode;
  /** What it was asked to tell. */
  readonly words: string;
  readonly #wire: TextWire;
  readonly #teller: Teller;
  /** How many events it had dropped when that was last asked, for all who watch it. */
  #dropped: number;
  #heardAt = new Date();

  private constructor(node: MetaNode, words: string, wire: TextWire, { teller, dropped }: Hearing) {
    this.node = node;
    this.words = words;
    this.#wire = wire;
    this.#teller = teller;
    this.#dropped = dropped;
  }

  /**
   * @param wordings what to ask for (`fetchers mutations`), the most wanted first: a server that does not know one of the
   * words is asked for the next
   * @throws RefusedError when it knows none, or does not let itself be watched
   */
  static async open(node: MetaNode, wordings: readonly string[], teller: Teller): Promise<Watch> {
    const dropped = await droppedBy(node);
    const wire = await node.text.dedicated();
    const all: Teller = {
      hear(line) {
        const [, skipped] = SKIPPED.exec(line) ?? [];
        if (skipped === undefined) teller.hear(line);
        else teller.leftOut(Number(skipped));
      },
      leftOut: (events) => teller.leftOut(events),
      fail: (error) => teller.fail(error),
    };
    try {
      for (const words of wordings) {
        if (await hasBegun(wire, words, all)) return new Watch(node, words, wire, { teller, dropped });
      }

      throw refusedBy(node.location, 'ERROR watch is not known');
    } catch (error) {
      wire.end();
      throw error;
    }
  }

  /** Up to when the server is known to have been there: one that goes silent is noticed late. */
  get heardAt(): Date {
    return this.#heardAt;
  }

  get isOver(): boolean {
    return this.#wire.isOver;
  }

  /**
   * Tells the teller of what the server left out since it was last asked.
   * @throws UnreachableError or TimeoutError of a server that is gone or silent
   */
  async check(): Promise<void> {
    const asked = new Date();
    const now = await droppedBy(this.node);
    this.#heardAt = asked;
    const events = now - this.#dropped;
    this.#dropped = now;
    if (events > 0) this.#teller.leftOut(events);
  }

  /** The teller hears of that as of any other end. */
  end(): void {
    this.#wire.end();
  }
}

interface Hearing {
  readonly teller: Teller;
  readonly dropped: number;
}

/** Checks them again and again, until one is over or fails, or what this returns is called. */
export function keepChecking(watches: readonly Watch[], fail: (error: CachectlError) => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const next = (): void => {
    timer = setTimeout(async () => {
      try {
        await Promise.all(watches.map(async (each) => each.check()));
        if (!isOver && !watches.some((each) => each.isOver)) next();
      } catch (error) {
        if (!isOver) fail(error as CachectlError);
      }
    }, CHECK_MS);
  };

  next();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}

/**
 * False when the server does not know one of the words. It puts its OK where it puts what it tells, and sends both in one
 * piece when there is something to tell at once: whoever takes the one takes the other.
 */
async function hasBegun(wire: TextWire, words: string, teller: Teller): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let isOn = false;
    wire.send(`watch ${words}\r\n`, {
      get isTimed() {
        return !isOn;
      },
      take({ line }) {
        if (isOn) {
          teller.hear(line);
          return false;
        }

        if (line !== 'OK' && line !== 'ERROR') reject(refusedBy(wire.location, line));
        isOn = line === 'OK';
        resolve(isOn);
        return !isOn;
      },
      fail(error) {
        if (isOn) teller.fail(error);
        else reject(error);
      },
    });
  });
}

/** Events that did not fit into the server's own buffers, which no watch is told of. Also shows that it is there. */
async function droppedBy(node: MetaNode): Promise<number> {
  return Number((await statsOf(await node.text.shared())).get('log_worker_dropped') ?? 0);
}

/** What the server left out, where that ends it. */
export function leftOutBy({ location }: MetaNode, events: number): PartialError {
  return new PartialError(
    `${location} left out ${events} events: more came than it could tell`,
    'The ones before are complete. Start it again when there is less to tell; asking for fewer types does not help.',
  );
}
