import type { ArrayKey, ArrayValue, ObjectValue, ReferenceValue, Value } from '../value.js';

import { InputError } from '../../errors.js';
import { HIDDEN, Slots } from '../php/slots.js';
import { type Content, contentOf, isObjectLike, type Member, type Node, variable } from './graph.js';

/**
 * Build the graph that PHP would have in memory after `unserialize()`.
 * @throws InputError for a reference to a slot that only a class knows (behind a `C:` object), or that does not exist
 */
export function fromValue(root: Value): Node {
  return new Folding(targetsWithin(root)).node(root);
}

/** A member that references may point at. The root has none. */
interface Slot {
  readonly member: Member | undefined;
  node: Node;
}

interface Frame {
  readonly value: ArrayValue | ObjectValue;
  readonly members: Iterator<readonly [ArrayKey, Value]>;
  readonly into: Member[];
  readonly content: Content;
  readonly slots: number;
  isPlain: boolean;
}

class Folding {
  /** The slots that `R:` points at, in order. */
  readonly #targets: readonly number[];
  readonly #slots = new Slots<Slot>();
  /** Arrays without objects or references. If the same one appears twice, it is shared, as in PHP. */
  readonly #plain = new Map<ArrayValue, { readonly content: Content; readonly slots: number }>();
  readonly #open: Frame[] = [];
  #slotCount = 0;

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

  /** Return the node. The node of an array or object is filled later. */
  #visit(value: Value, member?: Member): Node {
    if (value.type === 'reference') {
      this.#markOpen();
      return this.#referred(value, member);
    }

    if (value.type === 'array') {
      const plain = this.#plain.get(value);
      if (plain && !this.#isReferred(this.#slotCount, this.#slotCount + plain.slots)) {
        for (let count = 0; count < plain.slots; count++) this.#add({ member: undefined, node: plain.content });
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
    this.#open.push({ value, members, into, content, slots: this.#slotCount, isPlain: true });
    this.#add({ member, node: content });
    return content;
  }

  #close({ value, content, slots, isPlain }: Frame): void {
    this.#open.pop();
    if (!isPlain) this.#markOpen();
    else if (value.type === 'array' && !this.#isReferred(slots, this.#slotCount)) {
      this.#plain.set(value, { content, slots: this.#slotCount - slots });
    }
  }

  #referred({ kind, target }: ReferenceValue, member?: Member): Node {
    const slot = this.#slots.at(target);
    if (slot === HIDDEN || !slot || (kind === 'object' && !isObjectLike(contentOf(slot.node)))) {
      throw new InputError(
        `cannot resolve the reference to slot ${target} of the value`,
        "Store another value, or use a profile with PHP's own serializer.",
      );
    }

    if (kind === 'reference') {
      if (slot.node.type !== 'variable') {
        slot.node = variable(slot.node);
        if (slot.member) slot.member[1] = slot.node;
      }

      return slot.node;
    }

    const content = contentOf(slot.node);
    this.#add({ member, node: content });
    return content;
  }

  #add(slot: Slot): void {
    this.#slotCount++;
    this.#slots.add(slot);
  }

  /** Mark all open arrays: they hold an object or a reference. */
  #markOpen(): void {
    const innermost = this.#open.at(-1);
    if (innermost) innermost.isPlain = false;
  }

  /** Whether a slot after `after`, up to `upTo`, becomes a variable. */
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
