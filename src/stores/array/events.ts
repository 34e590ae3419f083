import { once } from 'node:events';

import type { CacheEvent, EventsOptions, EventStream, EventType } from '../event-contract.js';
import type { Room } from './entries.js';
import type { Happening } from './memory.js';

export const EVENTS: readonly EventType[] = [
  'CacheHit',
  'CacheMissed',
  'KeyWritten',
  'KeyForgotten',
  'KeyExpired',
  'CacheFlushed',
];

/** How often entries that nobody asks for are looked at, in milliseconds. */
const LOOK_MS = 50;

/** Everything that happens in this memory under one prefix. */
export async function tail(room: Room, { signal }: EventsOptions): Promise<Tail> {
  signal.throwIfAborted();
  return new Tail(room, signal);
}

export class Tail implements EventStream {
  readonly source = 'the memory of this process: everything it does';
  readonly types = EVENTS;
  readonly #prefix: string;
  readonly #waiting: CacheEvent[] = [];
  readonly #bell = new EventTarget();
  readonly #timer: NodeJS.Timeout;
  readonly #unlisten: () => void;
  readonly #signal: AbortSignal;
  #stopped = false;

  constructor({ memory, prefix }: Room, signal: AbortSignal) {
    this.#prefix = prefix;
    this.#signal = signal;
    this.#unlisten = memory.listen((happening) => this.#heard(happening));
    // Reading the keys is what finds those that expired. It must tick on while somebody waits for events.
    this.#timer = setInterval(() => memory.keys(prefix), LOOK_MS);
    signal.addEventListener('abort', this.stop, { once: true });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<CacheEvent> {
    try {
      while (!this.#stopped) {
        const event = this.#waiting.shift();
        if (event) yield event;
        else await once(this.#bell, 'ring');
      }
    } finally {
      this.stop();
    }
  }

  readonly stop = (): void => {
    if (this.#stopped) return;
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#unlisten();
    this.#signal.removeEventListener('abort', this.stop);
    this.#bell.dispatchEvent(new Event('ring'));
  };

  #heard({ time, key, ...rest }: Happening): void {
    if (key !== undefined && !key.startsWith(this.#prefix)) return;
    const named = key === undefined ? {} : { key: key.slice(this.#prefix.length) };
    this.#waiting.push({ ...rest, ...named, time: new Date(time) });
    this.#bell.dispatchEvent(new Event('ring'));
  }
}
