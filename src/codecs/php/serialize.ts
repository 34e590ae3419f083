import type { ArrayKey, Value } from '../value.js';

import { GrowingBytes } from '../growing-bytes.js';
import { serializedFloat } from './numeric.js';

/** PHP's `serialize()` format, as PHP 8 writes it. */
export function serialize(value: Value): Buffer {
  return value.type === 'string' ? serializedString(value.value) : serialized(value);
}

/** The fast path: caches hold mostly strings. */
function serializedString(value: Buffer): Buffer {
  const head = `s:${value.length}:"`;
  const bytes = Buffer.allocUnsafe(head.length + value.length + 2);
  for (let at = 0; at < head.length; at++) bytes[at] = head.codePointAt(at)!;
  bytes.set(value, head.length);
  bytes[bytes.length - 2] = QUOTE;
  bytes[bytes.length - 1] = SEMICOLON;
  return bytes;
}

const QUOTE = 0x22;
const SEMICOLON = 0x3b;

function serialized(value: Value): Buffer {
  const writer = new GrowingBytes();
  // The arrays and objects being written, outermost first. An explicit stack, so deep nesting cannot overflow the call
  // stack.
  const open: Array<Iterator<Member>> = [];
  let next: undefined | Value = value;
  for (;;) {
    const members: readonly Member[] | undefined = next && write(next, writer);
    if (members) open.push(members.values());
    const innermost = open.at(-1);
    if (!innermost) return writer.done();
    const member = innermost.next();
    if (member.done) {
      writer.ascii('}');
      open.pop();
      next = undefined;
    } else {
      writeKey(member.value[0], writer);
      next = member.value[1];
    }
  }
}

type Member = readonly [ArrayKey, Value];

/** Write a scalar, or the header of an array or object. Returns the members that follow. */
function write(value: Value, writer: GrowingBytes): readonly Member[] | undefined {
  switch (value.type) {
    case 'array': {
      writer.ascii(`a:${value.entries.length}:{`);
      return value.entries;
    }

    case 'object': {
      quoted('O', value.class, writer);
      writer.ascii(`:${value.properties.length}:{`);
      return value.properties;
    }

    case 'boolean': {
      writer.ascii(value.value ? 'b:1;' : 'b:0;');
      return;
    }

    case 'custom': {
      quoted('C', value.class, writer);
      writer.ascii(`:${value.data.length}:{`);
      writer.bytes(value.data);
      writer.ascii('}');
      return;
    }

    case 'enum': {
      quoted('E', Buffer.concat([value.class, Buffer.from(':'), value.case]), writer);
      writer.ascii(';');
      return;
    }

    case 'float': {
      writer.ascii(`d:${value.text ?? serializedFloat(value.value)};`);
      return;
    }

    case 'integer': {
      writer.ascii(`i:${value.value};`);
      return;
    }

    case 'null': {
      writer.ascii('N;');
      return;
    }

    case 'reference': {
      writer.ascii(`${value.kind === 'reference' ? 'R' : 'r'}:${value.target};`);
      return;
    }

    case 'string': {
      quoted('s', value.value, writer);
      writer.ascii(';');
    }
  }
}

function writeKey(key: ArrayKey, writer: GrowingBytes): void {
  if (typeof key === 'bigint') {
    writer.ascii(`i:${key};`);
    return;
  }

  quoted('s', key, writer);
  writer.ascii(';');
}

function quoted(tag: string, bytes: Buffer, writer: GrowingBytes): void {
  writer.ascii(`${tag}:${bytes.length}:"`);
  writer.bytes(bytes);
  writer.ascii('"');
}
