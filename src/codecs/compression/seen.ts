/**
 * A hash table of the last position of each hash; 0 means none. It is reused without clearing: the positions of a
 * text start where those of the text before ended.
 */
export class Seen {
  readonly #positions: Uint32Array;
  #first = 0;
  #next = 0;

  /** @param bits the width of a hash */
  constructor(bits: number) {
    this.#positions = new Uint32Array(2 ** bits);
  }

  /** Start a text of that length. */
  begin(length: number): void {
    if (this.#next + length > GREATEST) {
      this.#positions.fill(0);
      this.#next = 0;
    }

    this.#first = this.#next;
    this.#next += length;
  }

  note(hash: number, at: number): void {
    this.#positions[hash] = this.#first + at;
  }

  /** Record a position and return the previous one. */
  noted(hash: number, at: number): number {
    const before = this.#positions[hash]!;
    this.note(hash, at);
    return before > this.#first ? before - this.#first : 0;
  }
}

const GREATEST = 2 ** 32 - 1;

/** Called for each match with its position, the distance back, and its length. */
export type FoundMatch = (at: number, distance: number, length: number) => void;
