import type { CacheEvent, EventsOptions, EventStream, EventType } from '../contract.js';
import type { Room } from './entries.js';
import type { MetaNode } from './meta-node.js';
import type { Wire } from './wire.js';

import { type CachectlError, PartialError, UnsupportedError } from '../../errors.js';
import { EventQueue } from '../event-queue.js';
import { refusedBy } from './errors.js';
import { statsOf } from './text-connection.js';
import { Narrator } from './watch-lines.js';

/** What every server's watch can tell. Deletions are told from 1.6.20 on; expiry and flush_all never are. */
export const EVENTS: readonly EventType[] = ['CacheHit', 'CacheMissed', 'KeyWritten', 'KeyEvicted'];

/** How often a tail asks whether the servers are there, and whether they told all. */
const CHECK_MS = 2000;

/**
 * Events as every server's `watch` tells them. Ends with the signal. A connection that is lost ends it with
 * UnreachableError, a silent server with TimeoutError, events that a server left out with PartialError.
 */
export async function tail(room: Room, { signal }: EventsOptions): Promise<Tail> {
  const nodes = room.connection.metaNodes;
  if (nodes.length === 0) {
    throw new UnsupportedError(
      'the memcached store has no events behind SASL: there servers cannot be watched',
      'Watch the application, or use a server without SASL for a while.',
    );
  }

  signal.throwIfAborted();
  const queue = new EventQueue<CacheEvent>();
  const watches: Watch[] = [];
  try {
    for (const node of nodes) watches.push(await watch(node, room, queue));
  } catch (error) {
    for (const { wire } of watches) wire.end();
    throw error;
  }

  const opened = new Tail(queue, watches);
  signal.addEventListener('abort', () => opened.stop(), { once: true });
  // It may have come while the connections were made.
  if (signal.aborted) opened.stop();
  return opened;
}

export class Tail implements EventStream {
  readonly source: string;
  readonly types: readonly EventType[];
  readonly #queue: EventQueue<CacheEvent>;
  readonly #watches: readonly Watch[];
  #nextCheck: NodeJS.Timeout | undefined;

  constructor(queue: EventQueue<CacheEvent>, watches: readonly Watch[]) {
    const tellsDeletions = watches.every((each) => each.tellsDeletions);
    this.types = tellsDeletions ? [...EVENTS, 'KeyForgotten'] : EVENTS;
    const told = tellsDeletions ? 'lookups, writes, deletions and evictions' : 'lookups, writes and evictions';
    const others = tellsDeletions ? 'touching' : 'touching and deleting (deletions themselves: from Memcached 1.6.20)';
    this.source = `watch: ${told} of every client; counting is told as a lookup, so is ${others}; not told are expiry and flush_all`;
    this.#queue = queue;
    this.#watches = watches;
    this.#keepChecking();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<CacheEvent> {
    try {
      yield* this.#queue;
    } finally {
      this.stop();
    }
  }

  /** Ends the stream behind what waits to be read. */
  stop(): void {
    clearTimeout(this.#nextCheck);
    for (const { narrator } of this.#watches) narrator.end();
    // Before the wires, whose ends are failures otherwise.
    this.#queue.end();
    for (const { wire } of this.#watches) wire.end();
  }

  #keepChecking(): void {
    this.#nextCheck = setTimeout(async () => {
      try {
        await Promise.all(this.#watches.map(async ({ node, dropped }) => checkDropped(node, dropped)));
        if (!this.#watches.some(({ wire }) => wire.isOver)) this.#keepChecking();
      } catch (error) {
        this.#queue.fail(error as CachectlError);
      }
    }, CHECK_MS);
  }
}

/** One server, and the wire on which it tells. */
interface Watch {
  readonly node: MetaNode;
  readonly wire: Wire;
  readonly narrator: Narrator;
  readonly tellsDeletions: boolean;
  /** How many events it had dropped before, for all who watch it. */
  readonly dropped: number;
}

async function watch(node: MetaNode, { keys }: Room, queue: EventQueue<CacheEvent>): Promise<Watch> {
  const dropped = await droppedBy(node);
  const wire = await node.text.dedicated();
  const narrator = new Narrator(keys, (event) => queue.push(event));
  try {
    const teller: Teller = {
      hear(line) {
        if (line.startsWith('skipped=')) queue.fail(leftOut(node, Number(line.slice('skipped='.length))));
        narrator.hear(line);
      },
      fail(error) {
        narrator.end();
        queue.fail(error);
      },
    };
    const tellsDeletions = await begun(wire, `${WATCHED} deletions`, teller);
    if (!tellsDeletions && !(await begun(wire, WATCHED, teller))) {
      throw refusedBy(node.location, 'ERROR watch is not known');
    }

    return { node, wire, narrator, tellsDeletions, dropped };
  } catch (error) {
    wire.end();
    throw error;
  }
}

const WATCHED = 'watch fetchers mutations evictions';

/** Takes what a watch tells, once it has begun. */
interface Teller {
  hear(line: string): void;
  /** The wire is over. */
  fail(error: CachectlError): void;
}

/**
 * False when the server does not know one of the words. It puts its OK where it puts what it tells, and sends both in one
 * piece when there is something to tell at once: whoever takes the one takes the other.
 */
async function begun(wire: Wire, command: string, teller: Teller): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let hasBegun = false;
    wire.send(`${command}\r\n`, {
      get isTimed() {
        return !hasBegun;
      },
      take({ line }) {
        if (hasBegun) {
          teller.hear(line);
          return false;
        }

        if (line !== 'OK' && line !== 'ERROR') reject(refusedBy(wire.location, line));
        hasBegun = line === 'OK';
        resolve(hasBegun);
        return !hasBegun;
      },
      fail(error) {
        if (hasBegun) teller.fail(error);
        else reject(error);
      },
    });
  });
}

/** Events that did not fit into the server's own buffers, which no watch is told of. Also shows that it is there. */
async function droppedBy(node: MetaNode): Promise<number> {
  return Number((await statsOf(await node.text.shared())).get('log_worker_dropped') ?? 0);
}

async function checkDropped(node: MetaNode, before: number): Promise<void> {
  const now = await droppedBy(node);
  if (now > before) throw leftOut(node, now - before);
}

function leftOut({ location }: MetaNode, events: number): PartialError {
  return new PartialError(
    `${location} left out ${events} events: more came than it could tell`,
    'The ones before are complete. Start it again when there is less to tell; asking for fewer types does not help.',
  );
}
