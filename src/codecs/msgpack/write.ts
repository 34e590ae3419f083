import type { ArrayKey, CustomValue } from '../value.js';

import { InputError } from '../../errors.js';
import {
  type ArrayNode,
  type Content,
  contentOf,
  type Member,
  type Node,
  type ObjectLike,
  type ObjectNode,
  type Scalar,
  type Variable,
} from '../graph/graph.js';
import { excerpt } from '../json/text.js';
import { DEEPEST, Mark } from './format.js';
import { MsgpackWriter } from './writer.js';

/**
 * Write a graph as PHP's extension does.
 * @throws InputError for a value that the format cannot hold, or whose form only PHP knows
 */
export function writeGraph(root: Node): Buffer {
  return new Writing().bytes(root);
}

interface Container {
  readonly isList: boolean;
  readonly members: Iterator<Member>;
  readonly depth: number;
}

class Writing {
  readonly #writer = new MsgpackWriter();
  readonly #numbers = new Map<ObjectLike | Variable, number>();
  readonly #open: Container[] = [];
  /** Arrays and maps begun so far. */
  #referables = 0;

  bytes(root: Node): Buffer {
    this.#write(root, 0);
    for (let container = this.#open.at(-1); container; container = this.#open.at(-1)) {
      const member = container.members.next();
      if (member.done) {
        this.#open.pop();
        continue;
      }

      const [key, node] = member.value;
      if (!container.isList) this.#writeKey(key);
      this.#write(node, container.depth);
    }

    return this.#writer.done();
  }

  /** Write only the header of an array or object. */
  #write(node: Node, depth: number): void {
    const content = contentOf(node);
    const isVariable = node.type === 'variable';
    switch (content.type) {
      case 'array': {
        if (isVariable) this.#writeArrayVariable(node, content, depth);
        else this.#writeArray(content, depth);
        break;
      }

      case 'custom':
      case 'object': {
        const number = this.#numbers.get(content);
        if (number !== undefined) {
          this.#writeReference(isVariable ? Mark.ObjectVariable : Mark.Object, number);
          break;
        }

        this.#numbers.set(content, this.#referables + 1);
        if (content.type === 'custom') this.#writeCustom(content);
        else this.#writeObject(content, isVariable, depth);
        break;
      }

      case 'enum': {
        throw unholdable(content, 'enums came with version 3 of the extension');
      }

      default: {
        this.#writeScalar(content);
      }
    }
  }

  #writeArray({ entries }: ArrayNode, depth: number): void {
    const isList = entries.every(([key], index) => key === BigInt(index));
    if (isList) this.#writer.beginArray(entries.length);
    else this.#writer.beginMap(entries.length);
    this.#begin(entries, isList, depth);
  }

  /** Even a list becomes a map here, which has room for the mark. An empty list does not. */
  #writeArrayVariable(node: Variable, { entries }: ArrayNode, depth: number): void {
    const number = this.#numbers.get(node);
    if (number !== undefined) {
      this.#writeReference(Mark.Array, number);
      return;
    }

    this.#numbers.set(node, this.#referables + 1);
    if (entries.length === 0) this.#writer.beginArray(0);
    else {
      this.#writer.beginMap(entries.length + 1);
      this.#writeMark(Mark.Variable);
    }

    this.#begin(entries, false, depth);
  }

  #writeObject(object: ObjectNode, isVariable: boolean, depth: number): void {
    if (isMadeByClass(object)) {
      this.#writer.beginMap(2);
      this.#writeClass(object);
      this.#writer.nil();
      this.#begin([], false, depth);
      this.#writeArray({ type: 'array', at: 0, entries: object.properties }, depth + 1);
      return;
    }

    this.#writer.beginMap(object.properties.length + (isVariable ? 2 : 1));
    if (isVariable) this.#writeMark(Mark.Variable);
    this.#writeClass(object);
    this.#begin(object.properties, false, depth);
  }

  #writeClass(object: ObjectNode): void {
    this.#writer.nil();
    this.#writer.string(object.class);
  }

  #writeCustom({ class: className, data }: CustomValue): void {
    this.#writer.beginMap(2);
    this.#writeMark(Mark.Custom);
    this.#writer.string(className);
    this.#writer.string(data);
    this.#referables++;
  }

  /** The reference is a map, so it has a number itself. */
  #writeReference(mark: number, number: number): void {
    this.#writer.beginMap(2);
    this.#writeMark(mark);
    this.#writer.integer(0n);
    this.#writer.integer(BigInt(number));
    this.#referables++;
  }

  #writeMark(mark: number): void {
    this.#writer.nil();
    this.#writer.integer(BigInt(mark));
  }

  #writeScalar(scalar: Scalar): void {
    switch (scalar.type) {
      case 'boolean': {
        this.#writer.boolean(scalar.value);
        break;
      }

      case 'float': {
        this.#writer.float(scalar.value);
        break;
      }

      case 'integer': {
        this.#writer.integer(scalar.value);
        break;
      }

      case 'null': {
        this.#writer.nil();
        break;
      }

      case 'string': {
        this.#writer.string(scalar.value);
      }
    }
  }

  #writeKey(key: ArrayKey): void {
    if (typeof key === 'bigint') this.#writer.integer(key);
    else this.#writer.string(key);
  }

  #begin(members: readonly Member[], isList: boolean, depth: number): void {
    this.#referables++;
    if (depth >= DEEPEST) {
      throw new InputError(
        `the value is nested deeper than the ${DEEPEST} levels that PHP reads in msgpack`,
        'Store another value, or use a profile with another serializer, as the application does.',
      );
    }

    this.#open.push({ members: members.values(), isList, depth: depth + 1 });
  }
}

/** The format depends on the class. These are known to serialize to an array of their own, from PHP 8.2 on. */
function isMadeByClass(object: ObjectNode): boolean {
  if (object.isMadeByClass !== undefined) return object.isMadeByClass;
  const name = object.class.toString('latin1').toLowerCase();
  if (name === 'stdclass') return false;
  if (SELF_MADE.has(name)) return true;
  throw unholdable(object, 'there are two forms, and only PHP knows which its class reads');
}

const SELF_MADE: ReadonlySet<string> = new Set([
  'arrayiterator',
  'arrayobject',
  'dateinterval',
  'dateperiod',
  'datetime',
  'datetimeimmutable',
  'datetimezone',
  'spldoublylinkedlist',
  'splobjectstorage',
  'splqueue',
  'splstack',
]);

function unholdable(content: Content & { readonly class: Buffer }, why: string): InputError {
  return new InputError(
    `the msgpack form of class ${excerpt(content.class.toString())} cannot be known: ${why}`,
    'Store another value, or use a profile with another serializer, as the application does.',
  );
}
