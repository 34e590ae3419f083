/** Interval between readings of the server's clock, in milliseconds. */
const MEASURE_EVERY_MS = 60_000;

/**
 * A larger difference between the two local clocks, in milliseconds, means that the clock was set or the machine slept.
 */
const STEP_MS = 500;

/**
 * The server's clock, which decides about expiry. Between readings it runs on the monotonic clock, so that a step of
 * the local clock neither ends a held lock nor admits a second holder. $$NOW would be exact, but an upsert's filter
 * cannot contain it.
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

  /** @param localTime reads the server's time; if the server reports none, the local clock is used */
  async measure(localTime: () => Promise<unknown>): Promise<void> {
    const sentAt = performance.now();
    const serverTime = await localTime();
    const receivedAt = performance.now();
    const wall = wallOffset();
    this.#measuredAt = receivedAt;
    this.#wall = wall;
    this.#offset =
      serverTime instanceof Date
        ? offsetOf(serverTime.getTime() - (sentAt + receivedAt) / 2, wall, receivedAt - sentAt)
        : wall;
  }
}

/** A difference within the round trip counts as zero. */
function offsetOf(server: number, wall: number, roundTrip: number): number {
  return Math.abs(server - wall) <= roundTrip ? wall : server;
}

function wallOffset(): number {
  return Date.now() - performance.now();
}
