/** How long a transaction may take between writing an expired row and committing, in seconds. */
const WINDOW_S = 60;

/**
 * The expiries of one table that were reported. A row may be reported by the search for expired rows, or by the change
 * that replaces or deletes it, whichever comes first.
 */
export class RowExpiries {
  readonly #begin: number;
  /** Expirations by the bytes of the key as Latin-1, the oldest report first. */
  readonly #reported = new Map<string, number>();
  #searchedUpTo: number;

  /** @param begin the server's Unix time; rows that had expired by then are not reported */
  constructor(begin: number) {
    this.#begin = begin;
    this.#searchedUpTo = begin;
  }

  /** The expiration up to which the search has found all rows. */
  get searchedUpTo(): number {
    return this.#searchedUpTo;
  }

  /** Report an expiry. @returns false if it was reported before */
  report(key: Buffer, expiration: number): boolean {
    const id = key.toString('latin1');
    if (expiration <= Math.max(this.#begin, this.#searchedUpTo - WINDOW_S)) return false;
    if (this.#reported.get(id) === expiration) return false;
    this.#reported.delete(id);
    this.#reported.set(id, expiration);
    return true;
  }

  /** The search has found all rows up to an expiration. */
  searched(upTo: number): void {
    this.#searchedUpTo = upTo;
    for (const [id, expiration] of this.#reported) {
      if (expiration > upTo - WINDOW_S) break;
      this.#reported.delete(id);
    }
  }
}
