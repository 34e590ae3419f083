/**
 * Where in a text a hash was last seen; 0 where it was not, too. Is kept from one text to the next without being cleared: a
 * text's places begin where those of the text before ended.
 */
export class Seen {
  readonly #places: Uint32Array;
  #first = 0;
  #next = 0;

  /** @param bits of a hash */
  constructor(bits: number) {
    this.#places = new Uint32Array(2 ** bits);
  }

  /** Another text, of so many bytes. */
  begin(length: number): void {
    if (this.#next + length > GREATEST) {
      this.#places.fill(0);
      this.#next = 0;
    }

    this.#first = this.#next;
    this.#next += length;
  }

  note(hash: number, at: number): void {
    this.#places[hash] = this.#first + at;
  }

  /** Where it was before. */
  noted(hash: number, at: number): number {
    const before = this.#places[hash]!;
    this.note(hash, at);
    return before > this.#first ? before - this.#first : 0;
  }
}

const GREATEST = 2 ** 32 - 1;

/** Finds a repetition: where it is, how far back the same stands, and how long it is. */
export type FoundMatch = (at: number, distance: number, length: number) => void;
