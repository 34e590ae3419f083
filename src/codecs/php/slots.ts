/**
 * The slots that `R:` and `r:` point at, numbered from 1 as in PHP. Every value has one, except `R:`. Values inside a
 * `C:` object have slots too if its class calls `serialize()`, and only the class knows how many. So the meaning of a
 * number behind such an object is unknown here.
 */
export class Slots<Slot> {
  readonly #slots: Slot[] = [];
  /** The number of slots before the first unknown one. */
  #known = Infinity;
  /** The most slots that `C:` objects can have taken. */
  #hidden = 0;
  #areReferred = false;

  /** Whether `at` was called. */
  get areReferred(): boolean {
    return this.#areReferred;
  }

  add(slot: Slot): void {
    this.#slots.push(slot);
  }

  /** Call this after adding a `C:` object itself, with the length of its data. */
  addHidden(bytes: number): void {
    this.#known = Math.min(this.#known, this.#slots.length);
    this.#hidden += Math.floor(bytes / MIN_VALUE_BYTES);
  }

  /** Undefined if there is no such slot yet. */
  at(target: number): Slot | typeof HIDDEN | undefined {
    this.#areReferred = true;
    if (target <= this.#known) return this.#slots[target - 1];
    return target <= this.#slots.length + this.#hidden ? HIDDEN : undefined;
  }
}

/** The answer for a slot that may exist, with unknown content. */
export const HIDDEN = Symbol('hidden');

/** `N;` */
const MIN_VALUE_BYTES = 2;
