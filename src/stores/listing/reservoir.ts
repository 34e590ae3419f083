/** Reservoir sampling: keeps a uniform random choice of all offered items. */
export class Reservoir<T> {
  readonly #size: number;
  readonly #kept: T[] = [];
  #offered = 0;

  /** @param size how many items to keep at most */
  constructor(size: number) {
    this.#size = size;
  }

  offer(item: T): void {
    this.#offered++;
    if (this.#kept.length < this.#size) this.#kept.push(item);
    else {
      const place = Math.floor(Math.random() * this.#offered);
      if (place < this.#size) this.#kept[place] = item;
    }
  }

  get kept(): readonly T[] {
    return this.#kept;
  }

  /** How many items were offered. */
  get offered(): number {
    return this.#offered;
  }
}
