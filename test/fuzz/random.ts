/** Random numbers that repeat for the same seed (mulberry32), so that a failure can be repeated. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** At least 0 and less than `below`. */
  below(below: number): number {
    return Math.floor((this.#next() / 2 ** 32) * below);
  }

  chance(probability: number): boolean {
    return this.#next() / 2 ** 32 < probability;
  }

  oneOf<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }

  /** `length` of the characters. */
  text(length: number, characters: string): string {
    return Array.from({ length }, () => this.oneOf([...characters])).join('');
  }

  /** Any float, by its bits. Half of them look like numbers that people write. */
  float(): number {
    if (this.chance(0.5)) return Number(`${this.below(1e6)}e${this.below(40) - 20}`) * this.oneOf([1, -1]);
    return this.bytes(8).readDoubleBE();
  }

  /** Any length up to 64 bits. */
  integer(): bigint {
    return BigInt.asIntN(64, this.bytes(8).readBigInt64BE() >> BigInt(this.below(64)));
  }

  #next(): number {
    this.#state = (this.#state + 0x6d_2b_79_f5) % 2 ** 32;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
}

/** Set CACHECTL_FUZZ_SEED for other values. The titles contain it, so a failure shows it. */
export const SEED = Number(process.env.CACHECTL_FUZZ_SEED ?? 20_261_123);

/** Inputs for each parser of outside bytes. Set CACHECTL_FUZZ_RUNS for more. */
export const RUNS = Number(process.env.CACHECTL_FUZZ_RUNS ?? 200);

/** The rounds of a loop: `count`, or more by the same factor as CACHECTL_FUZZ_RUNS. */
export function rounds(count: number): number {
  return Math.ceil(count * Math.max(1, RUNS / 200));
}
