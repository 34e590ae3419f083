/** How often the server's clock is read, in milliseconds. */
const MEASURE_EVERY_MS = 60_000;

/**
 * A larger step between the two local clocks is no slewing, in milliseconds: the clock was set, or the machine slept.
 */
const STEP_MS = 500;

/**
 * The server's clock, which decides about expiry. A monotonic clock counts on, so that a step of the local clock
 * neither ends a held lock nor lets a second holder in. $$NOW would be exact, but an upsert's filter cannot contain
 * it.
 */
export class ServerClock {
  /** Added to performance.now(). */
  #offset = wallOffset();
  #measuredAt = -Infinity;
  #wall = 0;

  /** The server's Unix time, in milliseconds. */
  readonly now = (): number => Math.floor(performance.now() + this.#offset);

  /** Whether the server's clock must be read again. */
  get isStale(): boolean {
    return performance.now() - this.#measuredAt > MEASURE_EVERY_MS || Math.abs(wallOffset() - this.#wall) > STEP_MS;
  }

  /** @param localTime reads the server's time; if the server reports none, the local clock counts */
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

/** A difference within the round trip counts as zero. */
function offsetOf(server: number, wall: number, roundTrip: number): number {
  return Math.abs(server - wall) <= roundTrip ? wall : server;
}

function wallOffset(): number {
  return Date.now() - performance.now();
}
