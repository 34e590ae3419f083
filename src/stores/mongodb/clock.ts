/** How often the server's clock is asked for, in milliseconds. */
const MEASURE_EVERY_MS = 60_000;

/** A difference between the two local clocks that no slewing makes, in milliseconds: one was set, or this machine slept. */
const STEP_MS = 500;

/**
 * The server's clock, by which expiry is judged: carried on by a monotonic clock, so that a step of the local wall clock
 * neither ends a lock that is held nor lets a second holder in. $$NOW would be exact, but no upsert's filter can hold it.
 */
export class ServerClock {
  /** What to add to performance.now(). */
  #offset = wallOffset();
  #measuredAt = -Infinity;
  #wall = 0;

  /** Unix time by the server, in milliseconds. */
  readonly now = (): number => Math.floor(performance.now() + this.#offset);

  /** Whether the server has to be asked again. */
  get isStale(): boolean {
    return performance.now() - this.#measuredAt > MEASURE_EVERY_MS || Math.abs(wallOffset() - this.#wall) > STEP_MS;
  }

  /** @param localTime asks the server for its time; a server may tell none, which leaves the clock to the local one */
  async measure(localTime: () => Promise<unknown>): Promise<void> {
    const asked = performance.now();
    const told = await localTime();
    const answered = performance.now();
    const wall = wallOffset();
    this.#measuredAt = answered;
    this.#wall = wall;
    this.#offset =
      told instanceof Date ? offsetOf(told.getTime() - (asked + answered) / 2, wall, answered - asked) : wall;
  }
}

/** A difference that the way there and back leaves open is none. */
function offsetOf(server: number, wall: number, roundTrip: number): number {
  return Math.abs(server - wall) <= roundTrip ? wall : server;
}

function wallOffset(): number {
  return Date.now() - performance.now();
}
