import type { ArrayKey, Value } from '../value.js';

import { serializedFloat } from './numeric.js';
import { Reader } from './reader.js';

/** PHP's own default (`unserialize_max_depth`): deeper data cannot have been read by the application either. */
export const MAX_DEPTH = 4096;

/**
 * Reads PHP's `serialize()` format, as of PHP 8. Builds a description of what is there; no class is looked up and nothing
 * is run. Never allocates for a count that the remaining bytes cannot hold.
 * @throws UndecodableError with the offset of the first byte that does not fit
 */
export function unserialize(bytes: Buffer): Value {
  const reader = new Reader(bytes);
  const open: Container[] = [];
  // PHP counts the places that references point at; an `R:` is not a place of its own.
  let slots = 0;
  for (;;) {
    const start = reader.offset;
    const read = readOne(reader, slots);
    if (!(read.value?.type === 'reference' && read.value.kind === 'reference')) slots++;
    if (read.container) {
      if (open.length >= MAX_DEPTH) throw reader.error(`it is nested deeper than ${MAX_DEPTH} levels`, start);
      open.push(read.container);
    }

    let complete: undefined | Value = read.value;
    for (let container = open.at(-1); container; container = open.at(-1)) {
      if (complete) container.members.push([container.key!, complete]);
      if (container.members.length < container.count) {
        container.key = readKey(reader);
        break;
      }

      reader.expect('}');
      complete = container.close();
      open.pop();
    }

    if (open.length > 0) continue;
    if (!reader.isAtEnd) throw reader.error('there is something behind the value');
    return complete!;
  }
}

/** An array or object whose members are being read. */
interface Container {
  readonly count: number;
  readonly members: Array<[ArrayKey, Value]>;
  key?: ArrayKey;
  close(): Value;
}

type Read =
  { readonly value: Value; readonly container?: never } | { readonly value?: never; readonly container: Container };

/** `i:0;N;`: the fewest bytes that a member takes. */
const SHORTEST_MEMBER = 6;

function readOne(reader: Reader, slots: number): Read {
  const start = reader.offset;
  const tag = reader.tag();
  switch (tag) {
    case 'a': {
      reader.expect(':');
      return { container: container(reader, (entries) => ({ type: 'array', entries })) };
    }

    case 'b': {
      reader.expect(':');
      const digit = reader.oneOf('01');
      reader.expect(';');
      return { value: { type: 'boolean', value: digit === '1' } };
    }

    case 'C': {
      const name = reader.quoted();
      reader.expect(':');
      const length = reader.count(1);
      reader.expect(':{');
      const data = reader.take(length);
      reader.expect('}');
      return { value: { type: 'custom', class: name, data } };
    }

    case 'd': {
      return { value: readFloat(reader) };
    }

    case 'E': {
      return { value: readEnum(reader) };
    }

    case 'i': {
      reader.expect(':');
      return { value: { type: 'integer', value: reader.integer() } };
    }

    case 'N': {
      reader.expect(';');
      return { value: { type: 'null' } };
    }

    case 'O': {
      const name = reader.quoted();
      reader.expect(':');
      return { container: container(reader, (properties) => ({ type: 'object', class: name, properties })) };
    }

    case 'R':
    case 'r': {
      reader.expect(':');
      const target = Number(reader.integer());
      if (target < 1 || target > slots)
        throw reader.error(`it refers to place ${target}, which is not before it`, start);
      return { value: { type: 'reference', kind: tag === 'R' ? 'reference' : 'object', target } };
    }

    case 'S':
    case 's': {
      const value = tag === 's' ? reader.quoted() : reader.escaped();
      reader.expect(';');
      return { value: { type: 'string', value } };
    }

    default: {
      throw reader.error(`${JSON.stringify(tag)} begins no value`, start);
    }
  }
}

function container(reader: Reader, close: (members: Array<[ArrayKey, Value]>) => Value): Container {
  const count = reader.count(SHORTEST_MEMBER);
  reader.expect(':{');
  const members: Array<[ArrayKey, Value]> = [];
  return { count, members, close: () => close(members) };
}

function readKey(reader: Reader): ArrayKey {
  const start = reader.offset;
  const tag = reader.tag();
  if (tag === 'i') {
    reader.expect(':');
    return reader.integer();
  }

  if (tag !== 's') throw reader.error('a key is an integer or a string', start);
  const key = reader.quoted();
  reader.expect(';');
  return key;
}

function readFloat(reader: Reader): Value {
  reader.expect(':');
  const start = reader.offset;
  const text = reader.until(';', LONGEST_FLOAT);
  const value = FLOAT.test(text) ? Number(text) : NAMED_FLOATS.get(text);
  if (value === undefined) throw reader.error(`${JSON.stringify(text)} is no float`, start);
  // PHP before 7.1 wrote 17 digits always.
  return serializedFloat(value) === text ? { type: 'float', value } : { type: 'float', value, text };
}

const FLOAT = /^[+-]?(\d+(\.\d*)?|\.\d+)([Ee][+-]?\d+)?$/;
const LONGEST_FLOAT = 2048;
const NAMED_FLOATS = new Map([
  ['-INF', Number.NEGATIVE_INFINITY],
  ['INF', Number.POSITIVE_INFINITY],
  ['NAN', Number.NaN],
]);

function readEnum(reader: Reader): Value {
  const start = reader.offset;
  const name = reader.quoted();
  reader.expect(';');
  const colon = name.indexOf(':');
  if (colon < 1 || colon === name.length - 1) throw reader.error('an enum is named Class:Case', start);
  return { type: 'enum', class: name.subarray(0, colon), case: name.subarray(colon + 1) };
}
