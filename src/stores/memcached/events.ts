import type { CacheEvent, EventsOptions, EventStream, EventType } from '../event-contract.js';
import type { Room } from './entries.js';
import type { MetaNode } from './meta-node.js';

import { UnsupportedError } from '../../errors.js';
import { EventQueue } from '../event-queue.js';
import { Narrator } from './watch-lines.js';
import { keepChecking, Watch } from './watch.js';

/** What every server's watch can tell. Deletions are told from 1.6.20 on; expiry and flush_all never are. */
export const EVENTS: readonly EventType[] = ['CacheHit', 'CacheMissed', 'KeyWritten', 'KeyEvicted'];

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
  const servers: Told[] = [];
  try {
    for (const node of nodes) servers.push(await told(node, room, queue));
  } catch (error) {
    for (const { watch } of servers) watch.end();
    throw error;
  }

  const opened = new Tail(queue, servers);
  signal.addEventListener('abort', () => opened.stop(), { once: true });
  // It may have come while the connections were made.
  if (signal.aborted) opened.stop();
  return opened;
}

export class Tail implements EventStream {
  readonly source: string;
  readonly types: readonly EventType[];
  readonly #queue: EventQueue<CacheEvent>;
  readonly #servers: readonly Told[];
  readonly #endChecks: () => void;

  constructor(queue: EventQueue<CacheEvent>, servers: readonly Told[]) {
    const tellsDeletions = servers.every(({ watch }) => watch.words.includes(DELETIONS));
    this.types = tellsDeletions ? [...EVENTS, 'KeyForgotten'] : EVENTS;
    const commands = tellsDeletions ? 'lookups, writes, deletions and evictions' : 'lookups, writes and evictions';
    const others = tellsDeletions ? 'touching' : 'touching and deleting (deletions themselves: from Memcached 1.6.20)';
    this.source = `watch: ${commands} of every client; counting is told as a lookup, so is ${others}; not told are expiry and flush_all`;
    this.#queue = queue;
    this.#servers = servers;
    this.#endChecks = keepChecking(
      servers.map(({ watch }) => watch),
      (error) => queue.fail(error),
    );
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
    this.#endChecks();
    for (const { narrator } of this.#servers) narrator.end();
    // Before the wires, whose ends are failures otherwise.
    this.#queue.end();
    for (const { watch } of this.#servers) watch.end();
  }
}

/** One server, and who makes events of what it tells. */
interface Told {
  readonly watch: Watch;
  readonly narrator: Narrator;
}

async function told(node: MetaNode, { keys }: Room, queue: EventQueue<CacheEvent>): Promise<Told> {
  const narrator = new Narrator(keys, (event) => queue.push(event));
  const watch = await Watch.open(node, [`${WATCHED} ${DELETIONS}`, WATCHED], {
    hear(line) {
      narrator.hear(line);
    },
    fail(error) {
      narrator.end();
      queue.fail(error);
    },
  });
  return { watch, narrator };
}

const WATCHED = 'fetchers mutations evictions';
const DELETIONS = 'deletions';
