import type { ArrayKey, CustomValue, EnumValue } from '../value.js';
import type { IgbinaryReader } from './reader.js';

import {
  type Content,
  type Member,
  type Node,
  type ObjectLike,
  type Scalar,
  type Variable,
  variable,
} from '../graph/graph.js';
import { KeyPositions } from '../key-positions.js';
import { Tag } from './format.js';
import { isOneOf } from './reader.js';

/**
 * Read a value as a graph. Looks up no class and runs nothing.
 * @throws UndecodableError with the offset of the first byte that does not fit
 */
export function readGraph(reader: IgbinaryReader): Node {
  reader.header();
  const root = new Reading(reader).node();
  reader.end();
  return root;
}

/** An array, or the properties of an object, with members left to read. */
interface Container {
  readonly members: Member[];
  readonly positions: KeyPositions;
  left: number;
}

/** The target of a reference. `variable` holds it as its content, once there is one. */
interface Referable {
  readonly content: Content;
  variable: undefined | Variable;
}

class Reading {
  readonly #reader: IgbinaryReader;
  readonly #referables: Referable[] = [];
  /** Innermost last. An explicit stack, so deep nesting cannot overflow the call stack. */
  readonly #open: Container[] = [];

  constructor(reader: IgbinaryReader) {
    this.#reader = reader;
  }

  node(): Node {
    const root = this.#readNode();
    for (let container = this.#open.at(-1); container; container = this.#open.at(-1)) {
      if (container.left === 0) {
        this.#open.pop();
        continue;
      }

      container.left--;
      const key = this.#readKey();
      if (key === undefined) continue;
      const { members, positions } = container;
      const at = positions.positionOf(key, members) ?? members.push([key, PENDING]) - 1;
      members[at]![1] = this.#readNode();
    }

    return root;
  }

  /** Undefined for a property that `__sleep` named and the object lacks; no value follows. */
  #readKey(): ArrayKey | undefined {
    const start = this.#reader.offset;
    const tag = this.#reader.uint8();
    if (tag === Tag.Null) return undefined;
    const key = this.#reader.integer(tag) ?? this.#reader.string(tag);
    if (key === undefined) throw this.#reader.error('expected a key (an integer or a string)', start);
    return key;
  }

  /** Return the node. The members of an array or object follow. */
  #readNode(): Node {
    let start = this.#reader.offset;
    let tag = this.#reader.uint8();
    let isVariable = false;
    for (; tag === Tag.Variable; tag = this.#reader.uint8()) {
      isVariable = true;
      start = this.#reader.offset;
    }

    if (isOneOf(tag, Tag.Array)) {
      const entries: Member[] = [];
      const node = this.#refer({ type: 'array', entries, at: start }, isVariable);
      this.#readMembers(tag, entries);
      return node;
    }

    const className = this.#reader.className(tag);
    if (className) return this.#readObject(className, start, isVariable);
    if (isOneOf(tag, Tag.Reference)) return this.#referred(this.#reader.number(tag - Tag.Reference), isVariable);
    if (isOneOf(tag, Tag.ObjectReference)) {
      return this.#referred(this.#reader.number(tag - Tag.ObjectReference), isVariable);
    }

    const scalar = this.#readScalar(tag, start);
    // Only a variable can be referred to, so only a variable has a number.
    return isVariable ? this.#refer(scalar, true) : scalar;
  }

  #readScalar(tag: number, start: number): Scalar {
    switch (tag) {
      case Tag.False:
      case Tag.True: {
        return { type: 'boolean', value: tag === Tag.True };
      }

      case Tag.Float: {
        return { type: 'float', value: this.#reader.float64() };
      }

      case Tag.Null: {
        return { type: 'null' };
      }

      default: {
        const whole = this.#reader.integer(tag);
        if (whole !== undefined) return { type: 'integer', value: whole };
        const bytes = this.#reader.string(tag);
        if (bytes) return { type: 'string', value: bytes };
        throw this.#reader.error(`expected a value, found tag 0x${tag.toString(16).padStart(2, '0')}`, start);
      }
    }
  }

  #readObject(className: Buffer, at: number, isVariable: boolean): Node {
    const start = this.#reader.offset;
    const tag = this.#reader.uint8();
    if (isOneOf(tag, Tag.Array)) {
      const properties: Member[] = [];
      const node = this.#refer({ type: 'object', at, class: className, properties }, isVariable);
      this.#readMembers(tag, properties);
      return node;
    }

    const special = this.#readSpecial(className, tag);
    if (special) return this.#refer(special, isVariable);
    throw this.#reader.error('expected the properties of an object, its serialized data or an enum case', start);
  }

  #readSpecial(className: Buffer, tag: number): CustomValue | EnumValue | undefined {
    if (isOneOf(tag, Tag.Custom)) {
      const data = this.#reader.take(this.#reader.number(tag - Tag.Custom));
      return { type: 'custom', class: className, data };
    }

    if (tag !== Tag.EnumCase) return undefined;
    const start = this.#reader.offset;
    const name = this.#reader.string(this.#reader.uint8());
    if (!name || name.length === 0) throw this.#reader.error('expected the name of an enum case', start);
    return { type: 'enum', class: className, case: name };
  }

  #readMembers(tag: number, members: Member[]): void {
    const left = this.#reader.count(this.#reader.number(tag - Tag.Array), MIN_MEMBER_BYTES);
    if (left > 0) this.#open.push({ members, positions: new KeyPositions(), left });
  }

  /** Give the node a number for references. */
  #refer(content: Content | ObjectLike, isVariable: boolean): Node {
    const referable: Referable = { content, variable: isVariable ? variable(content) : undefined };
    this.#referables.push(referable);
    return referable.variable ?? content;
  }

  /** Without the tag of a variable, anything but an object is copied. */
  #referred(number: number, isVariable: boolean): Node {
    const referable = this.#referables[number];
    if (!referable) throw this.#reader.error(`reference to value ${number}, which does not precede it`);
    if (!isVariable) return referable.content;
    referable.variable ??= variable(referable.content);
    return referable.variable;
  }
}

const PENDING: Node = { type: 'null' };

/** A key without a value. */
const MIN_MEMBER_BYTES = 1;
