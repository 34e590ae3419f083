/** A fair choice of some out of however many: each that was offered is as likely to be kept as any other. */
export class Reservoir<T> {
  readonly #size: number;
  readonly #kept: T[] = [];
  #offered = 0;

  /** @param size how many are kept, at most */
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

  /** How many there were to choose from. */
  get offered(): number {
    return this.#offered;
  }
}
