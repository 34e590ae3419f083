import type { ArrayKey, ArrayValue, ObjectValue, ReferenceValue, Value } from '../value.js';

import { InputError } from '../../errors.js';
import { HIDDEN, Slots } from '../php/slots.js';
import { type Content, contentOf, isObjectLike, type Member, type Node, variable } from './graph.js';

/**
 * What PHP would have in memory after `unserialize()`.
 * @throws InputError for a reference whose place only a class could tell (behind a `C:` object), or that has none
 */
export function fromValue(root: Value): Node {
  return new Folding(targetsWithin(root)).node(root);
}

/** A member that references may point at. The root is none of any. */
interface Place {
  readonly member: Member | undefined;
  node: Node;
}

interface Frame {
  readonly value: ArrayValue | ObjectValue;
  readonly members: Iterator<readonly [ArrayKey, Value]>;
  readonly into: Member[];
  readonly content: Content;
  readonly places: number;
  isPlain: boolean;
}

class Folding {
  /** The numbers of the places that `R:` points at, in order. */
  readonly #targets: readonly number[];
  readonly #slots = new Slots<Place>();
  /** Arrays that hold no object and no reference: one that is there twice as the very same is shared, as PHP would. */
  readonly #plain = new Map<ArrayValue, { readonly content: Content; readonly places: number }>();
  readonly #open: Frame[] = [];
  #places = 0;

  constructor(targets: readonly number[]) {
    this.#targets = targets;
  }

  node(root: Value): Node {
    const node = this.#visit(root);
    for (;;) {
      const frame = this.#open.at(-1);
      if (!frame) return node;
      const next = frame.members.next();
      if (next.done) this.#close(frame);
      else {
        const [key, value] = next.value;
        const member: Member = [key, PENDING];
        frame.into.push(member);
        const made = this.#visit(value, member);
        member[1] = made;
      }
    }
  }

  /** Of an array or object the node, that is still to be filled. */
  #visit(value: Value, member?: Member): Node {
    if (value.type === 'reference') {
      this.#markOpen();
      return this.#referred(value, member);
    }

    if (value.type === 'array') {
      const plain = this.#plain.get(value);
      if (plain && !this.#isReferred(this.#places, this.#places + plain.places)) {
        for (let count = 0; count < plain.places; count++) this.#add({ member: undefined, node: plain.content });
        return plain.content;
      }

      const entries: Member[] = [];
      return this.#push(value, { type: 'array', entries, at: 0 }, entries, member);
    }

    if (value.type === 'object') {
      this.#markOpen();
      const { class: className, isMadeByClass } = value;
      const properties: Member[] = [];
      const node: Content = { type: 'object', at: 0, class: className, properties, isMadeByClass };
      return this.#push(value, node, properties, member);
    }

    if (isObjectLike(value)) this.#markOpen();
    this.#add({ member, node: value });
    if (value.type === 'custom' && !value.isSealed) this.#slots.addHidden(value.data.length);
    return value;
  }

  #push(value: ArrayValue | ObjectValue, content: Content, into: Member[], member?: Member): Content {
    const members = (value.type === 'array' ? value.entries : value.properties).values();
    this.#open.push({ value, members, into, content, places: this.#places, isPlain: true });
    this.#add({ member, node: content });
    return content;
  }

  #close({ value, content, places, isPlain }: Frame): void {
    this.#open.pop();
    if (!isPlain) this.#markOpen();
    else if (value.type === 'array' && !this.#isReferred(places, this.#places)) {
      this.#plain.set(value, { content, places: this.#places - places });
    }
  }

  #referred({ kind, target }: ReferenceValue, member?: Member): Node {
    const place = this.#slots.at(target);
    if (place === HIDDEN || !place || (kind === 'object' && !isObjectLike(contentOf(place.node)))) {
      throw new InputError(
        `the value refers to its place ${target}, and what that is cannot be known`,
        "Store another value, or use a profile with PHP's own serializer.",
      );
    }

    if (kind === 'reference') {
      if (place.node.type !== 'variable') {
        place.node = variable(place.node);
        if (place.member) place.member[1] = place.node;
      }

      return place.node;
    }

    const content = contentOf(place.node);
    this.#add({ member, node: content });
    return content;
  }

  #add(place: Place): void {
    this.#places++;
    this.#slots.add(place);
  }

  /** What is open holds an object or a reference. */
  #markOpen(): void {
    const innermost = this.#open.at(-1);
    if (innermost) innermost.isPlain = false;
  }

  /** Whether a place after the one is to become a variable, up to the other. */
  #isReferred(after: number, upTo: number): boolean {
    let low = 0;
    let high = this.#targets.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#targets[middle]! <= after) low = middle + 1;
      else high = middle;
    }

    return low < this.#targets.length && this.#targets[low]! <= upTo;
  }
}

const PENDING: Node = { type: 'null' };

function targetsWithin(root: Value): number[] {
  const targets = new Set<number>();
  const pending = [root];
  for (let value = pending.pop(); value; value = pending.pop()) {
    if (value.type === 'reference' && value.kind === 'reference') targets.add(value.target);
    const members = value.type === 'array' ? value.entries : value.type === 'object' ? value.properties : [];
    for (const [, member] of members) pending.push(member);
  }

  return [...targets].sort((one, other) => one - other);
}
