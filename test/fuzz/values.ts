import type { ArrayKey, Value } from '../../src/codecs/value.js';
import type { Random } from './random.js';

import { boolean, float, integer, NULL, string } from '../../src/codecs/value.js';

/**
 * A random value that PHP could have written. Keys are unique and normalised, a reference points at a complete value
 * (or at an enclosing object), and each enum case is written once.
 */
export function randomValue(random: Random): Value {
  return new Growth(random).value(0);
}

const DEEPEST = 6;

class Growth {
  readonly #random: Random;
  /** By slot, from 1: what may be referred to. */
  readonly #places: Array<'no' | 'object' | 'open' | 'other'> = ['no'];
  readonly #unusedCases = ['Clubs', 'Hearts', 'Spades'];

  constructor(random: Random) {
    this.#random = random;
  }

  value(depth: number): Value {
    const random = this.#random;
    if (depth > 0 && random.chance(0.1)) {
      const kind = random.oneOf(['object', 'reference'] as const);
      const target = this.#target(kind);
      if (target !== undefined) {
        if (kind === 'object') this.#places.push('no');
        return { type: 'reference', kind, target };
      }
    }

    if (depth < DEEPEST && random.chance(depth === 0 ? 0.8 : 0.4)) return this.#container(depth);
    return this.#scalar();
  }

  #container(depth: number): Value {
    const place = this.#places.push('open') - 1;
    const size = this.#random.below(6);
    if (this.#random.chance(0.5)) {
      const isList = this.#random.chance(0.3);
      const entries = this.#members(size, depth, (index) => (isList ? BigInt(index) : this.#arrayKey()));
      this.#places[place] = 'other';
      return { type: 'array', entries };
    }

    this.#places[place] = 'object';
    const properties = this.#members(size, depth, () => this.#propertyName());
    return { type: 'object', class: Buffer.from(this.#random.oneOf(CLASSES)), properties };
  }

  #members(size: number, depth: number, makeKey: (index: number) => ArrayKey): Array<[ArrayKey, Value]> {
    const members = new Map<string, [ArrayKey, Value]>();
    for (let index = 0; index < size; index++) {
      const key = makeKey(index);
      const name = typeof key === 'bigint' ? `i${key}` : `s${key.toString('latin1')}`;
      if (!members.has(name)) members.set(name, [key, this.value(depth + 1)]);
    }

    return [...members.values()];
  }

  #arrayKey(): ArrayKey {
    const random = this.#random;
    if (random.chance(0.5)) return random.chance(0.8) ? BigInt(random.below(5)) : random.integer();
    const bytes = random.chance(0.5) ? Buffer.from(random.oneOf(NAMES)) : random.bytes(1 + random.below(5));
    // PHP would turn `7` into the integer 7.
    return /^-?\d+$/.test(bytes.toString('latin1')) ? Buffer.from('x') : bytes;
  }

  #propertyName(): Buffer {
    return Buffer.from(this.#random.oneOf(SCOPES) + this.#random.oneOf(NAMES));
  }

  #scalar(): Value {
    const random = this.#random;
    const made = random.oneOf([
      'boolean',
      'custom',
      'enum',
      'float',
      'integer',
      'null',
      'string',
      'string',
      'text',
    ] as const);
    const unusedCase = made === 'enum' ? this.#unusedCases.pop() : undefined;
    this.#places.push(made === 'custom' || unusedCase ? 'object' : 'other');
    switch (made) {
      case 'boolean': {
        return boolean(random.chance(0.5));
      }

      case 'custom': {
        return { type: 'custom', class: Buffer.from('Legacy'), data: random.bytes(random.below(10)) };
      }

      case 'enum': {
        return unusedCase ? { type: 'enum', class: Buffer.from('Suit'), case: Buffer.from(unusedCase) } : NULL;
      }

      case 'float': {
        return float(random.oneOf([random.float(), random.float(), 0, -0, Infinity, -Infinity, Number.NaN]));
      }

      case 'integer': {
        return integer(random.integer());
      }

      case 'null': {
        return NULL;
      }

      case 'string': {
        return string(random.bytes(random.below(20)));
      }

      case 'text': {
        return string(random.text(random.below(20), TEXT));
      }
    }
  }

  #target(kind: 'object' | 'reference'): number | undefined {
    const target = this.#random.below(this.#places.length);
    const place = this.#places[target];
    // A reference to the root is lost when PHP returns the value.
    if (kind === 'reference') return target > 1 && (place === 'object' || place === 'other') ? target : undefined;
    return place === 'object' ? target : undefined;
  }
}

const CLASSES = ['stdClass', String.raw`App\Unknown`, 'Žlutý'];
const SCOPES = ['', '', '\0*\0', '\0Unknown\0'];
const NAMES = ['a', 'b', 'name', 'ž', '5', '', 'with "quotes"', 'with\nlines', '-0', '07', '$ref'];
const TEXT = 'abc ;:{}"\\\n\0\u001B\u0085žé🐎0123456789.eE+-';
