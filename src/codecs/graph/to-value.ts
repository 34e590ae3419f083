import type { UndecodableError } from '../../errors.js';
import type { ArrayKey, CustomValue, Value } from '../value.js';

import {
  type ArrayNode,
  contentOf,
  isObjectLike,
  type Member,
  type Node,
  type ObjectLike,
  type ObjectNode,
  type Variable,
} from './graph.js';

/** Makes an error from a reason and its byte offset. */
export type Refuse = (what: string, offset: number) => UndecodableError;

/**
 * Return the value that PHP's `serialize()` would write for a graph. A repeated node becomes a reference to its slot.
 * A shared array is written in full each time.
 * @param read the number of bytes read, which bounds the unfolded size
 * @throws UndecodableError made by `refuse`
 */
export function toValue(root: Node, read: number, refuse: Refuse): Value {
  return new Unfolding(MAX_UNFOLDED + read * (WEIGHT_OF_VALUE + 2), refuse).value(root);
}

/** PHP's own default for `unserialize()`. Without a limit, an array could contain itself. */
const DEEPEST = 4096;
/** The limit for repeated content, in bytes: some two million values, or a few large strings many times. */
const MAX_UNFOLDED = 2 ** 26;
const WEIGHT_OF_VALUE = 32;

/** An array or object that is being unfolded. */
interface Frame {
  readonly node: ArrayNode | ObjectNode;
  readonly members: Iterator<Member>;
  readonly unfolded: Array<[ArrayKey, Value]>;
  /** The slot of the first member. */
  readonly slots: number;
  readonly weight: number;
  /** No member is an object or a variable, so it unfolds the same way everywhere. */
  isPlain: boolean;
  key: ArrayKey;
}

/** An unfolded array without objects or variables. */
interface Plain {
  readonly value: Value;
  readonly slots: number;
  readonly weight: number;
}

class Unfolding {
  readonly #heaviest: number;
  readonly #refuse: Refuse;
  /** The slots of nodes. */
  readonly #numbers = new Map<ObjectLike | Variable, number>();
  readonly #plain = new Map<ArrayNode, Plain>();
  readonly #open: Frame[] = [];
  /** `C:` objects since the last reference that pointed behind one. */
  readonly #customs: Array<{ -readonly [Key in keyof CustomValue]: CustomValue[Key] }> = [];
  #firstCustom = Infinity;
  #slots = 0;
  #weight = 0;

  constructor(heaviest: number, refuse: Refuse) {
    this.#heaviest = heaviest;
    this.#refuse = refuse;
  }

  value(root: Node): Value {
    let complete = this.#visit(root);
    for (;;) {
      const frame = this.#open.at(-1);
      if (!frame) return complete!;
      if (complete) frame.unfolded.push([frame.key, complete]);
      const member = frame.members.next();
      if (member.done) complete = this.#close(frame);
      else {
        const [key, node] = member.value;
        frame.key = key;
        if (typeof key !== 'bigint') this.#weigh(key.length);
        complete = this.#visit(node);
      }
    }
  }

  /** Undefined if an array or object was opened; its members come first. */
  #visit(place: Node): undefined | Value {
    this.#weigh(WEIGHT_OF_VALUE);
    const node = contentOf(place);
    const identity = isObjectLike(node) ? node : place.type === 'variable' ? place : undefined;
    if (identity) {
      const parent = this.#open.at(-1);
      if (parent) parent.isPlain = false;
      const target = this.#numbers.get(identity);
      if (target !== undefined) {
        if (target > this.#firstCustom) this.#seal();
        // A variable that is used twice has one slot. An object that appears twice takes two.
        if (place.type === 'variable') return { type: 'reference', kind: 'reference', target };
        this.#slots++;
        return { type: 'reference', kind: 'object', target };
      }

      this.#numbers.set(identity, this.#slots + 1);
    }

    switch (node.type) {
      case 'array': {
        const plain = this.#plain.get(node);
        if (!plain) return this.#push(node, node.entries);
        this.#slots += plain.slots;
        this.#weigh(plain.weight);
        return plain.value;
      }

      case 'object': {
        return this.#push(node, node.properties);
      }

      case 'custom': {
        this.#weigh(node.data.length);
        this.#slots++;
        return this.#custom(node);
      }

      case 'string': {
        this.#weigh(node.value.length);
        break;
      }

      default:
    }

    this.#slots++;
    return node;
  }

  #custom({ class: className, data }: CustomValue): Value {
    const value: CustomValue = { type: 'custom', class: className, data };
    this.#customs.push(value);
    this.#firstCustom = Math.min(this.#firstCustom, this.#slots);
    return value;
  }

  /** Slots behind these objects are counted without their content, so mark them as sealed. */
  #seal(): void {
    for (const custom of this.#customs.splice(0)) custom.isSealed = true;
  }

  #push(node: ArrayNode | ObjectNode, members: readonly Member[]): undefined {
    if (this.#open.length >= DEEPEST) throw this.#refuse(`it is nested deeper than ${DEEPEST} levels`, node.at);
    this.#open.push({
      node,
      members: members.values(),
      unfolded: [],
      slots: this.#slots,
      weight: this.#weight,
      isPlain: true,
      key: 0n,
    });
    this.#slots++;
  }

  #close({ node, unfolded, slots, weight, isPlain }: Frame): Value {
    this.#open.pop();
    const parent = this.#open.at(-1);
    if (node.type === 'object') {
      return { type: 'object', class: node.class, properties: unfolded, ...madeBy(node) };
    }

    const value: Value = { type: 'array', entries: unfolded };
    if (isPlain) this.#plain.set(node, { value, slots: this.#slots - slots, weight: this.#weight - weight });
    else if (parent) parent.isPlain = false;
    return value;
  }

  #weigh(bytes: number): void {
    this.#weight += bytes;
    if (this.#weight <= this.#heaviest) return;
    throw this.#refuse('its repeated content is too large to unfold', this.#open.at(-1)?.node.at ?? 0);
  }
}

function madeBy({ isMadeByClass }: ObjectNode): { isMadeByClass?: boolean } {
  return isMadeByClass === undefined ? {} : { isMadeByClass };
}
