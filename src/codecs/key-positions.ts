import { type ArrayKey, phpKey } from './value.js';

/**
 * Finds repeated keys among the members of one array or object. PHP and its extensions never write them. They read the
 * last value, at the position of the first.
 */
export class KeyPositions {
  readonly #isPhpArray: boolean;
  /** The highest integer so far: a higher one is new. */
  #highest: bigint | undefined;
  /** Built only for integers that are not in order, and for many names. */
  #positions: Map<bigint | string, number> | undefined;

  /** @param options.isPhpArray `"7"` is the same key as 7 */
  constructor({ isPhpArray = false } = {}) {
    this.#isPhpArray = isPhpArray;
  }

  /**
   * The position of a key among the members. Undefined if it is new; it must be appended then.
   * @param members all that were appended before
   */
  positionOf(key: ArrayKey, members: Members): number | undefined {
    const id = this.#idOf(key);
    if (typeof id === 'bigint' && (this.#highest === undefined || id > this.#highest)) {
      this.#highest = id;
      this.#positions?.set(id, members.length);
      return undefined;
    }

    if (typeof id !== 'bigint' && this.#positions === undefined && members.length <= MAX_COMPARED) {
      const index = members.findIndex(([other]) => isSameName(id, other));
      return index === -1 ? undefined : index;
    }

    this.#positions ??= new Map(members.map(([other], index) => [mapped(this.#idOf(other)), index]));
    const position = this.#positions.get(mapped(id));
    if (position === undefined) this.#positions.set(mapped(id), members.length);
    return position;
  }

  #idOf(key: ArrayKey): ArrayKey {
    return this.#isPhpArray && typeof key !== 'bigint' ? phpKey(key) : key;
  }
}

type Members = ReadonlyArray<readonly [ArrayKey, unknown]>;

/** Above this, an index is faster than comparing. */
const MAX_COMPARED = 32;

function isSameName(name: Buffer, other: ArrayKey): boolean {
  return typeof other !== 'bigint' && other.length === name.length && other.equals(name);
}

function mapped(id: ArrayKey): bigint | string {
  return typeof id === 'bigint' ? id : id.toString('latin1');
}
