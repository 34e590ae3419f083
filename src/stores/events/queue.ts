import { setImmediate } from 'node:timers/promises';

import { PartialError } from '../../errors.js';

/** How many events wait for a slow reader. Some ten megabytes. */
const LONGEST = 100_000;

/** Events that are handed out at once, before what has come meanwhile is read. */
const BREATH = 2000;

/**
 * From a connection that pushes to a reader that pulls. A reader that falls far behind ends the stream with an error:
 * leaving events out unsaid would be worse, and a server cuts off who does not read.
 */
export class EventQueue<Event> implements AsyncIterable<Event> {
  #waiting: Event[] = [];
  #wake: (() => void) | undefined;
  #isOver = false;
  #failure: Error | undefined;

  /** How many events were left out so far. */
  get dropped(): number {
    return 0;
  }

  push(event: Event): void {
    if (this.#isOver) return;
    if (this.#waiting.length < LONGEST) this.#waiting.push(event);
    else this.overflow();
    this.#wake?.();
  }

  /** What waits is still handed out. */
  end(): void {
    this.#isOver = true;
    this.#wake?.();
  }

  /** Ends it with an error, behind what waits. */
  fail(error: Error): void {
    if (!this.#isOver) this.#failure = error;
    this.end();
  }

  /** What to do of an event that there is no room for. */
  protected overflow(): void {
    this.fail(
      new PartialError(
        `${LONGEST} events wait to be read; the ones after them are lost`,
        'Read faster, or ask for less: --type, --pattern.',
      ),
    );
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Event> {
    for (;;) {
      const events = this.#waiting;
      this.#waiting = [];
      let sinceBreath = 0;
      for (const event of events) {
        yield event;
        // A connection that nobody reads for long is cut by its server.
        if (++sinceBreath % BREATH === 0) await setImmediate();
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

/** One for events that mean something by themselves: what comes while a slow reader has too many is left out, and counted. */
export class DroppingQueue<Event> extends EventQueue<Event> {
  #dropped = 0;

  override get dropped(): number {
    return this.#dropped;
  }

  protected override overflow(): void {
    this.#dropped++;
  }
}
