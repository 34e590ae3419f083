import type { ArrayKey } from '../value.js';
import type { MsgpackReader } from './reader.js';

import {
  type ArrayNode,
  contentOf,
  isObjectLike,
  type Member,
  type Node,
  type ObjectNode,
  type Scalar,
  variable,
} from '../graph/graph.js';
import { KeyPositions } from '../key-positions.js';
import { fitsInt64, phpKey, STD_CLASS } from '../value.js';
import { DEEPEST, Mark, Tag } from './format.js';

/**
 * Read a value as a graph. Looks up no class and runs nothing.
 * @throws UndecodableError with the offset of the first byte that does not fit
 */
export function readGraph(reader: MsgpackReader): Node {
  const root = new Reading(reader).node();
  reader.end();
  return root;
}

/** An array or object with members left to read. A list has no keys. */
interface Container {
  readonly kind: 'list' | 'map' | 'object';
  readonly members: Member[];
  readonly positions: KeyPositions;
  readonly depth: number;
  left: number;
}

/** Where an array or map begins. */
interface Start {
  /** The number of enclosing arrays and maps. */
  readonly depth: number;
  readonly at: number;
}

class Reading {
  readonly #reader: MsgpackReader;
  /** The nodes of arrays and maps in the order of their first bytes. References count them from 1. */
  readonly #referables: Array<Node | undefined> = [];
  readonly #open: Container[] = [];

  constructor(reader: MsgpackReader) {
    this.#reader = reader;
  }

  node(): Node {
    const root = this.#readNode(0);
    for (let container = this.#open.at(-1); container; container = this.#open.at(-1)) {
      if (container.left === 0) {
        this.#open.pop();
        continue;
      }

      container.left--;
      const { kind, members, positions, depth } = container;
      const key = kind === 'list' ? BigInt(members.length) : this.#readKey(kind);
      const at = positions.positionOf(key, members) ?? members.push([key, PENDING]) - 1;
      members[at]![1] = this.#readNode(depth);
    }

    return root;
  }

  /** Return the node. The members of an array or object follow. */
  #readNode(depth: number): Node {
    const start: Start = { depth, at: this.#reader.offset };
    const tag = this.#reader.uint8();
    const count = this.#reader.arrayCount(tag);
    if (count !== undefined) return this.#refer(this.#openArray('list', count, start));
    const pairs = this.#reader.mapCount(tag);
    return pairs === undefined ? this.#readScalar(tag, start.at) : this.#readMap(pairs, start);
  }

  #readScalar(tag: number, start: number): Scalar {
    switch (tag) {
      case Tag.False:
      case Tag.True: {
        return { type: 'boolean', value: tag === Tag.True };
      }

      case Tag.Float32: {
        return { type: 'float', value: this.#reader.float32() };
      }

      case Tag.Float64: {
        return { type: 'float', value: this.#reader.float64() };
      }

      case Tag.Nil: {
        return { type: 'null' };
      }

      default: {
        const whole = this.#reader.integer(tag);
        if (whole !== undefined) return integerOrDigits(whole);
        const value = this.#reader.string(tag);
        if (value) return { type: 'string', value };
        throw this.#reader.error(`expected a value, found unknown tag 0x${tag.toString(16)}`, start);
      }
    }
  }

  #readKey(kind: 'map' | 'object'): ArrayKey {
    const start = this.#reader.offset;
    const tag = this.#reader.uint8();
    const whole = this.#reader.integer(tag);
    if (whole !== undefined && fitsInt64(whole)) return whole;
    const name = this.#reader.string(tag);
    if (!name) throw this.#reader.error('expected a key (an integer or a string)', start);
    return kind === 'map' ? phpKey(name) : name;
  }

  #readMap(pairs: number, start: Start): Node {
    // An empty map could be either; the extension reads it as an object.
    if (pairs === 0) return this.#refer(this.#openObject(STD_CLASS, 0, start));
    if (this.#reader.next !== Tag.Nil) return this.#refer(this.#openArray('map', pairs, start));
    const tag = this.#readMarkTag();
    const className = this.#reader.string(tag);
    if (className) return this.#readObject(className, pairs - 1, start, (object) => object);
    const mark = Number(this.#reader.integer(tag));
    if (mark === Mark.Variable) return this.#readVariable(pairs - 1, start);
    if (pairs !== 2) throw this.#reader.error('a map with a nil key has an unknown mark', start.at);
    return this.#readSpecial(mark, start.at);
  }

  /** Skip the nil and return the next tag, which gives the meaning of the map. */
  #readMarkTag(): number {
    this.#reader.uint8();
    return this.#reader.uint8();
  }

  #readVariable(pairs: number, start: Start): Node {
    if (pairs > 0 && this.#reader.next !== Tag.Nil) {
      return this.#refer(variable(this.#openArray('map', pairs, start)));
    }

    const className = pairs > 0 ? this.#reader.string(this.#readMarkTag()) : undefined;
    if (className) return this.#readObject(className, pairs - 1, start, variable);
    throw this.#reader.error('expected an array or an object in a variable', start.at);
  }

  #readObject(className: Buffer, pairs: number, start: Start, wrap: (object: ObjectNode) => Node): Node {
    if (pairs !== 1 || this.#reader.next !== Tag.Nil) {
      const object = this.#openObject(className, pairs, start);
      return this.#refer(wrap(object));
    }

    // The array for `__unserialize`, as one value.
    const properties: Member[] = [];
    const object: ObjectNode = { type: 'object', at: start.at, class: className, properties, isMadeByClass: true };
    const node = this.#refer(wrap(object));
    const within = this.#reader.offset + 1;
    const tag = this.#readMarkTag();
    const count = this.#reader.arrayCount(tag);
    const size = count ?? this.#reader.mapCount(tag);
    if (size === undefined || (count === undefined && this.#reader.next === Tag.Nil)) {
      throw this.#reader.error('expected the array for __unserialize', within);
    }

    this.#refer({ type: 'array', entries: properties, at: within });
    // Two levels deeper: the array is inside the map of the object.
    const kind = count === undefined ? 'map' : 'list';
    this.#push({ kind, members: properties, depth: start.depth + 2, left: size }, within);
    return node;
  }

  #readSpecial(mark: number, start: number): Node {
    switch (mark) {
      case Mark.Array:
      case Mark.Object:
      case Mark.ObjectVariable: {
        return this.#readReference(start);
      }

      case Mark.Custom: {
        const [className, data] = [this.#readString(), this.#readString()];
        return this.#refer({ type: 'custom', class: className, data });
      }

      case Mark.Enum: {
        const [className, name] = [this.#readString(), this.#readString()];
        return this.#refer({ type: 'enum', class: className, case: name });
      }

      default: {
        throw this.#reader.error('a map with a nil key has an unknown mark', start);
      }
    }
  }

  /** A reference has a number itself. It never turns a plain node into a variable, whatever the mark. */
  #readReference(start: number): Node {
    const own = this.#referables.push(undefined) - 1;
    const key = this.#reader.integer(this.#reader.uint8());
    const number = this.#reader.integer(this.#reader.uint8());
    const node = this.#referables[Number(number ?? 0) - 1];
    if (key === undefined || !node) throw this.#reader.error('reference to a value that does not precede it', start);
    if (!isObjectLike(contentOf(node)) && this.#isOpen(node)) {
      throw this.#reader.error('an array cannot hold itself', start);
    }

    this.#referables[own] = node;
    return node;
  }

  /** Whether the node's members are still being read and it is not in a variable. */
  #isOpen(node: Node): boolean {
    return node.type === 'array' && this.#open.some(({ members }) => members === node.entries);
  }

  #readString(): Buffer {
    const start = this.#reader.offset;
    const bytes = this.#reader.string(this.#reader.uint8());
    if (!bytes) throw this.#reader.error('expected a string', start);
    return bytes;
  }

  #openArray(kind: 'list' | 'map', left: number, { depth, at }: Start): ArrayNode {
    const entries: Member[] = [];
    this.#push({ kind, members: entries, depth: depth + 1, left }, at);
    return { type: 'array', entries, at };
  }

  #openObject(className: Buffer, left: number, { depth, at }: Start): ObjectNode {
    const properties: Member[] = [];
    this.#push({ kind: 'object', members: properties, depth: depth + 1, left }, at);
    return { type: 'object', at, class: className, properties, isMadeByClass: false };
  }

  #push(container: Omit<Container, 'positions'>, at: number): void {
    if (container.depth > DEEPEST) throw this.#reader.error(`it is nested deeper than ${DEEPEST} levels`, at);
    this.#open.push({ ...container, positions: new KeyPositions() });
  }

  #refer(node: Node): Node {
    this.#referables.push(node);
    return node;
  }
}

const PENDING: Node = { type: 'null' };

/** An integer beyond 64 bits becomes a string of digits. */
function integerOrDigits(value: bigint): Scalar {
  if (fitsInt64(value)) return { type: 'integer', value };
  return { type: 'string', value: Buffer.from(String(value)) };
}
