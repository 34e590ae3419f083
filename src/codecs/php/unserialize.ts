import type { ArrayKey, CustomValue, EnumValue, FloatValue, ReferenceValue, Value } from '../value.js';

import { excerpt } from '../json/text.js';
import { KeyPositions } from '../key-positions.js';
import { NULL } from '../value.js';
import { serializedFloat } from './numeric.js';
import { Reader } from './reader.js';
import { Slots } from './slots.js';

/** PHP's default (`unserialize_max_depth`). An application cannot read deeper values either. */
export const MAX_DEPTH = 4096;

/**
 * Read PHP's `serialize()` format, as of PHP 8. Looks up no class and runs nothing. Never allocates for a count that
 * the remaining bytes cannot hold.
 * @throws UndecodableError with the offset of the first byte that does not fit
 */
export function unserialize(bytes: Buffer): Value {
  const reader = new Reader(bytes);
  const slots = new Slots<Kind>();
  // Outermost first. An explicit stack, so deep nesting cannot overflow the call stack.
  const open: Container[] = [];
  let repeatedAt: number | undefined;
  for (;;) {
    const start = reader.offset;
    const read = readOne(reader, slots);
    if (read.container) {
      if (open.length >= MAX_DEPTH) throw reader.error(`it is nested deeper than ${MAX_DEPTH} levels`, start);
      open.push(read.container);
    }

    let complete: undefined | Value = read.value;
    for (let container = open.at(-1); container; container = open.at(-1)) {
      if (complete && addMember(container, complete)) repeatedAt ??= start;
      if (container.left > 0) {
        container.left--;
        container.key = readKey(reader);
        break;
      }

      reader.expect('}');
      complete = closed(container);
      open.pop();
    }

    if (open.length > 0) continue;
    if (!reader.isAtEnd) throw reader.error('expected the end');
    // PHP refuses some of these, and others depend on how it stores the array.
    if (repeatedAt !== undefined && slots.areReferred) {
      throw reader.error('it repeats a key in a value with references', repeatedAt);
    }

    return complete!;
  }
}

/** The kind of value in a slot: `r:` refers to objects only. */
type Kind = 'object' | 'other';

/** An array, or an object if it has a class, whose members are being read. */
interface Container {
  readonly class: Buffer | undefined;
  readonly members: Array<[ArrayKey, Value]>;
  readonly positions: KeyPositions;
  /** Members left to read. */
  left: number;
  key?: ArrayKey;
}

type Read =
  { readonly value: Value; readonly container?: never } | { readonly value?: never; readonly container: Container };

/** `i:0;N;`, the shortest member. */
const MIN_MEMBER_BYTES = 6;

/** Read a scalar, or the header of an array or object. */
function readOne(reader: Reader, slots: Slots<Kind>): Read {
  const start = reader.offset;
  const tag = reader.tag();
  switch (tag) {
    case 'C': {
      const value = readCustom(reader);
      slots.add('object');
      slots.addHidden(value.data.length);
      return { value };
    }

    case 'E': {
      slots.add('object');
      return { value: readEnum(reader) };
    }

    case 'O': {
      slots.add('object');
      return { container: readHead(reader, reader.className()) };
    }

    case 'R': {
      return { value: readReference(reader, slots, 'reference') };
    }

    case 'a': {
      slots.add('other');
      return { container: readHead(reader) };
    }

    case 'r': {
      const value = readReference(reader, slots, 'object');
      slots.add('object');
      return { value };
    }

    default: {
      slots.add('other');
      return { value: readScalar(reader, tag, start) };
    }
  }
}

function readScalar(reader: Reader, tag: string, start: number): Value {
  switch (tag) {
    case 'N': {
      reader.expect(';');
      return NULL;
    }

    case 'S':
    case 's': {
      const value = tag === 's' ? reader.quoted() : reader.escaped();
      reader.expect(';');
      return { type: 'string', value };
    }

    case 'b': {
      reader.expect(':');
      const digit = reader.oneOf('01');
      reader.expect(';');
      return { type: 'boolean', value: digit === '1' };
    }

    case 'd': {
      return readFloat(reader);
    }

    case 'i': {
      reader.expect(':');
      return { type: 'integer', value: reader.integer() };
    }

    default: {
      throw reader.error(`expected a value, found ${excerpt(tag)}`, start);
    }
  }
}

/** `:2:{`; the members follow. */
function readHead(reader: Reader, className?: Buffer): Container {
  reader.expect(':');
  const count = reader.count(MIN_MEMBER_BYTES);
  reader.expect(':{');
  return { class: className, members: [], positions: new KeyPositions({ isPhpArray: true }), left: count };
}

/** Add the member whose key was read. True if the key is repeated: its value replaces the first, as in PHP. */
function addMember({ members, positions, key }: Container, value: Value): boolean {
  const position = positions.positionOf(key!, members);
  if (position === undefined) members.push([key!, value]);
  else members[position]![1] = value;
  return position !== undefined;
}

function closed({ class: className, members }: Container): Value {
  return className ? { type: 'object', class: className, properties: members } : { type: 'array', entries: members };
}

/** PHP also accepts escaped strings as keys, and nothing else. */
function readKey(reader: Reader): ArrayKey {
  const start = reader.offset;
  const tag = reader.tag();
  if (tag === 'i') {
    reader.expect(':');
    return reader.integer();
  }

  if (tag !== 's' && tag !== 'S') throw reader.error('expected a key (an integer or a string)', start);
  const key = tag === 's' ? reader.quoted() : reader.escaped();
  reader.expect(';');
  return key;
}

function readReference(reader: Reader, slots: Slots<Kind>, kind: ReferenceValue['kind']): ReferenceValue {
  reader.expect(':');
  const start = reader.offset;
  const target = Number(reader.integer());
  const slot = slots.at(target);
  if (slot === undefined) throw reader.error(`reference to slot ${target}, which does not precede it`, start);
  if (kind === 'object' && slot === 'other') throw reader.error(`slot ${target} should hold an object`, start);
  return { type: 'reference', kind, target };
}

function readCustom(reader: Reader): CustomValue {
  const className = reader.className();
  reader.expect(':');
  const length = reader.count(1);
  reader.expect(':{');
  const data = reader.take(length);
  reader.expect('}');
  return { type: 'custom', class: className, data };
}

function readFloat(reader: Reader): FloatValue {
  reader.expect(':');
  const start = reader.offset;
  const text = reader.until(';', MAX_FLOAT);
  const value = FLOAT.test(text) ? Number(text) : NAMED_FLOATS.get(text);
  if (value === undefined) throw reader.error(`expected a float, found ${excerpt(text)}`, start);
  // PHP before 7.1 always wrote 17 digits.
  return serializedFloat(value) === text ? { type: 'float', value } : { type: 'float', value, text };
}

const FLOAT = /^[+-]?(\d+(\.\d*)?|\.\d+)([Ee][+-]?\d+)?$/;
const MAX_FLOAT = 2048;
const NAMED_FLOATS = new Map([
  ['-INF', Number.NEGATIVE_INFINITY],
  ['INF', Number.POSITIVE_INFINITY],
  ['NAN', Number.NaN],
]);

function readEnum(reader: Reader): EnumValue {
  const start = reader.offset;
  const name = reader.quoted();
  reader.expect(';');
  const colon = name.indexOf(':');
  if (colon < 1 || colon === name.length - 1) throw reader.error('expected an enum case, Class:Case', start);
  return { type: 'enum', class: name.subarray(0, colon), case: name.subarray(colon + 1) };
}
