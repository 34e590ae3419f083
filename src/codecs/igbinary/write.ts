import type { ArrayKey } from '../value.js';

import { Writer } from '../binary/writer.js';
import {
  type ArrayNode,
  contentOf,
  type Member,
  type Node,
  type ObjectLike,
  type Scalar,
  type Variable,
} from '../graph/graph.js';
import { Tag, VERSION } from './format.js';

/** Write a graph as igbinary does. */
export function writeGraph(root: Node): Buffer {
  const writing = new Writing();
  return writing.bytes(root);
}

class Writing {
  readonly #writer = new Writer();
  /** Numbers of strings, by their bytes as Latin-1. */
  readonly #strings = new Map<string, number>();
  readonly #references = new Map<ArrayNode | ObjectLike | Variable, number>();
  #referables = 0;

  bytes(root: Node): Buffer {
    this.#writer.uint32(VERSION);
    const open: Array<Iterator<Member>> = [];
    let members = this.#write(root);
    for (;;) {
      if (members) open.push(members.values());
      members = undefined;
      const innermost = open.at(-1);
      if (!innermost) return this.#writer.done();
      const member = innermost.next();
      if (member.done) open.pop();
      else {
        this.#writeKey(member.value[0]);
        members = this.#write(member.value[1]);
      }
    }
  }

  /** Write the header of an array or object and return its members, or write a whole scalar. */
  #write(node: Node): Member[] | undefined {
    if (node.type === 'variable') this.#writer.uint8(Tag.Variable);
    const content = contentOf(node);
    switch (content.type) {
      case 'array': {
        return this.#writeArray(node.type === 'variable' ? node : content, content);
      }

      case 'custom':
      case 'enum':
      case 'object': {
        return this.#writeObject(content);
      }

      default: {
        if (node.type !== 'variable' || this.#isNew(node, Tag.Reference)) this.#writeScalar(content);
        return undefined;
      }
    }
  }

  /** References point at the variable, or at the shared array. */
  #writeArray(identity: ArrayNode | Variable, { entries }: ArrayNode): Member[] | undefined {
    // The outermost array has a number too, although igbinary never uses it.
    if (this.#referables === 0 && identity.type === 'array') this.#referables++;
    else if (!this.#isNew(identity, Tag.Reference)) return undefined;
    this.#writeNumber(Tag.Array, entries.length);
    return entries;
  }

  #writeObject(object: ObjectLike): Member[] | undefined {
    if (!this.#isNew(object, Tag.ObjectReference)) return undefined;
    this.#writeClassName(object.class);
    switch (object.type) {
      case 'custom': {
        this.#writeNumber(Tag.Custom, object.data.length);
        this.#writer.bytes(object.data);
        return undefined;
      }

      case 'enum': {
        this.#writer.uint8(Tag.EnumCase);
        this.#writeString(object.case);
        return undefined;
      }

      case 'object': {
        this.#writeNumber(Tag.Array, object.properties.length);
        return object.properties;
      }
    }
  }

  #writeScalar(scalar: Scalar): void {
    switch (scalar.type) {
      case 'boolean': {
        this.#writer.uint8(scalar.value ? Tag.True : Tag.False);
        break;
      }

      case 'float': {
        this.#writer.uint8(Tag.Float);
        this.#writer.float64(scalar.value);
        break;
      }

      case 'integer': {
        this.#writeInteger(scalar.value);
        break;
      }

      case 'null': {
        this.#writer.uint8(Tag.Null);
        break;
      }

      case 'string': {
        this.#writeString(scalar.value);
      }
    }
  }

  #writeKey(key: ArrayKey): void {
    if (typeof key === 'bigint') this.#writeInteger(key);
    else this.#writeString(key);
  }

  #writeInteger(value: bigint): void {
    const sign = value < 0n ? 1 : 0;
    const amount = value < 0n ? -value : value;
    if (amount > 0xff_ff_ff_ffn) {
      this.#writer.uint8(Tag.Integer64 + sign);
      this.#writer.uint64(amount);
    } else if (amount > 0xff_ffn) {
      this.#writer.uint8(Tag.Integer32 + sign);
      this.#writer.uint32(Number(amount));
    } else if (amount > 0xffn) {
      this.#writer.uint8(Tag.Integer16 + sign);
      this.#writer.uint16(Number(amount));
    } else {
      this.#writer.uint8(Tag.Integer8 + sign);
      this.#writer.uint8(Number(amount));
    }
  }

  #writeString(bytes: Buffer): void {
    if (bytes.length === 0) this.#writer.uint8(Tag.EmptyString);
    else this.#writeOnce(bytes, Tag.String, Tag.KnownString);
  }

  #writeClassName(name: Buffer): void {
    this.#writeOnce(name, Tag.Object, Tag.ObjectOfKnownName);
  }

  /** Write a string in full the first time, then by its number. Strings and class names share the numbers. */
  #writeOnce(bytes: Buffer, tag: number, tagOfKnown: number): void {
    const text = bytes.toString('latin1');
    const known = this.#strings.get(text);
    if (known !== undefined) {
      this.#writeNumber(tagOfKnown, known);
      return;
    }

    this.#strings.set(text, this.#strings.size);
    this.#writeNumber(tag, bytes.length);
    this.#writer.bytes(bytes);
  }

  /** Otherwise, writes the reference. */
  #isNew(identity: ArrayNode | ObjectLike | Variable, tag: number): boolean {
    const known = this.#references.get(identity);
    if (known !== undefined) {
      this.#writeNumber(tag, known);
      return false;
    }

    this.#references.set(identity, this.#referables++);
    return true;
  }

  /** Write the tag of the right width, then the length, count or number. */
  #writeNumber(tag: number, number: number): void {
    if (number > 0xff_ff) {
      this.#writer.uint8(tag + 2);
      this.#writer.uint32(number);
    } else if (number > 0xff) {
      this.#writer.uint8(tag + 1);
      this.#writer.uint16(number);
    } else {
      this.#writer.uint8(tag);
      this.#writer.uint8(number);
    }
  }
}
