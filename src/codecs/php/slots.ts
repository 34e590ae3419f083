/**
 * The places that `R:` and `r:` point at, numbered from 1 as PHP numbers them: every value takes one, only `R:` takes none.
 * What lies within a `C:` object takes places too when its class calls `serialize()` for it, and only the class knows how
 * many; so what a number behind such an object means cannot be known here.
 */
export class Slots<Place> {
  readonly #places: Place[] = [];
  /** How many places are before any that cannot be known. */
  #known = Infinity;
  /** The most places that `C:` objects can have taken inside. */
  #hidden = 0;

  add(place: Place): void {
    this.#places.push(place);
  }

  /** To be called after the `C:` object itself was added, with the length of its data. */
  addHidden(bytes: number): void {
    this.#known = Math.min(this.#known, this.#places.length);
    this.#hidden += Math.floor(bytes / SHORTEST_VALUE);
  }

  /** Undefined when there is no such place (yet). */
  at(target: number): Place | typeof HIDDEN | undefined {
    if (target <= this.#known) return this.#places[target - 1];
    return target <= this.#places.length + this.#hidden ? HIDDEN : undefined;
  }
}

/** The answer for a place that may be there, with nobody to know what it holds. */
export const HIDDEN = Symbol('hidden');

/** `N;` */
const SHORTEST_VALUE = 2;
