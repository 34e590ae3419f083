import type { CacheEvent, EventsOptions, EventStream } from '../contract/events.js';
import type { Reading } from '../contract/store.js';
import type { ArrayContext } from './context.js';
import type { Happening } from './memory.js';

import { DroppingQueue } from '../events/queue.js';
import { eventSourceNamed } from '../events/sources.js';
import { entryOf } from './entries.js';
import { EVENT_SOURCES, EVENTS } from './event-sources.js';

/** How often entries and locks that nobody asks for are looked at, in milliseconds. */
const LOOK_MS = 50;

/** Everything that happens in this memory. @throws UnsupportedError of a source that there is not */
export async function tail(context: ArrayContext, options: EventsOptions): Promise<Tail> {
  eventSourceNamed('array', EVENT_SOURCES, options.source);
  options.signal.throwIfAborted();
  return new Tail(context, options);
}

export class Tail implements EventStream {
  readonly source = 'the memory of this process: everything it does';
  readonly types = EVENTS;
  readonly #context: ArrayContext;
  readonly #options: EventsOptions;
  readonly #queue = new DroppingQueue<CacheEvent>();
  readonly #timer: NodeJS.Timeout;
  readonly #unlisten: () => void;

  constructor(context: ArrayContext, options: EventsOptions) {
    this.#context = context;
    this.#options = options;
    this.#unlisten = context.memory.listen((happening) => this.#heard(happening));
    // Asking for what is there finds what expired. It must tick on while somebody waits for events.
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    options.signal.addEventListener('abort', this.stop, { once: true });
  }

  get dropped(): number {
    return this.#queue.dropped;
  }

  async peek(keys: readonly string[]): Promise<readonly Reading[]> {
    const { memory, codec, prefix } = this.#context;
    return keys.map((key) => {
      const cell = memory.live(prefix + key);
      return cell && entryOf(cell, codec);
    });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<CacheEvent> {
    try {
      yield* this.#queue;
    } finally {
      this.stop();
    }
  }

  readonly stop = (): void => {
    clearInterval(this.#timer);
    this.#unlisten();
    this.#options.signal.removeEventListener('abort', this.stop);
    this.#queue.end();
  };

  #look(): void {
    const { memory, prefix } = this.#context;
    const noted = this.#options.everything === true ? '' : prefix;
    memory.keys(noted);
    memory.heldLocks(noted);
  }

  #heard({ time, key: stored, type, tags, ...rest }: Happening): void {
    const { prefix } = this.#context;
    const isForeign = stored?.startsWith(prefix) === false;
    const { everything, wants, matches, tags: tellsTags } = this.#options;
    if (isForeign && everything !== true) return;
    const key = isForeign ? stored : stored?.slice(prefix.length);
    if (wants?.(type, key) === false) return;
    const event: CacheEvent = {
      time: new Date(time),
      type,
      ...(key !== undefined && { key }),
      ...(isForeign && { isForeign }),
      ...(tellsTags === true && tags && { tags: isForeign ? tags : tags.map((tag) => tag.slice(prefix.length)) }),
      ...rest,
    };
    if (matches?.(event) !== false) this.#queue.push(event);
  }
}
