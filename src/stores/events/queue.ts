import { setImmediate } from 'node:timers/promises';

import { PartialError } from '../../errors.js';

/** The limit of queued events: some ten megabytes. */
const MAX_LENGTH = 100_000;

/** How many events to deliver before the connection is read again. */
const READ_INTERVAL = 2000;

/**
 * A queue from a connection that pushes to a reader that pulls. It fails if the reader falls far behind: dropping
 * events silently would be worse, and a server disconnects a slow client.
 */
export class EventQueue<Event> implements AsyncIterable<Event> {
  #waiting: Event[] = [];
  #wake: (() => void) | undefined;
  #isOver = false;
  #failure: Error | undefined;

  get dropped(): number {
    return 0;
  }

  push(event: Event): void {
    if (this.#isOver) return;
    if (this.#waiting.length < MAX_LENGTH) this.#waiting.push(event);
    else this.overflow();
    this.#wake?.();
  }

  /** Queued events are still delivered. */
  end(): void {
    this.#isOver = true;
    this.#wake?.();
  }

  /** Fail after the queued events. */
  fail(error: Error): void {
    if (!this.#isOver) this.#failure = error;
    this.end();
  }

  /** Called for an event when the queue is full. */
  protected overflow(): void {
    this.fail(
      new PartialError(
        `events arrive faster than they are read: those after the ${MAX_LENGTH} in the queue are lost`,
        'Read faster, or select fewer events with --type or --pattern.',
      ),
    );
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Event> {
    for (;;) {
      const events = this.#waiting;
      this.#waiting = [];
      let delivered = 0;
      for (const event of events) {
        yield event;
        // A server disconnects a client that does not read.
        if (++delivered % READ_INTERVAL === 0) await setImmediate();
      }

      if (this.#waiting.length > 0) continue;
      if (this.#isOver) break;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }

    if (this.#failure) throw this.#failure;
  }
}

/** A queue that drops and counts events when it is full. */
export class DroppingQueue<Event> extends EventQueue<Event> {
  #dropped = 0;

  override get dropped(): number {
    return this.#dropped;
  }

  protected override overflow(): void {
    this.#dropped++;
  }
}
