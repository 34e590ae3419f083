import type { ArrayKey, Value } from '../value.js';

import { serializedFloat } from './numeric.js';

/** PHP's `serialize()` format, as of PHP 8. */
export function serialize(value: Value): Buffer {
  const chunks: Buffer[] = [];
  // What is still to be written, last first: nesting is bounded by memory, not by the stack.
  const pending: Array<Buffer | Value> = [value];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (Buffer.isBuffer(next)) chunks.push(next);
    else if (next.type === 'array') writeMembers(`a:${next.entries.length}:{`, next.entries, chunks, pending);
    else if (next.type === 'object') {
      const { class: name, properties } = next;
      chunks.push(Buffer.from(`O:${name.length}:"`), name);
      writeMembers(`":${properties.length}:{`, properties, chunks, pending);
    } else chunks.push(...scalar(next));
  }

  return Buffer.concat(chunks);
}

const CLOSE = Buffer.from('}');

function writeMembers(
  head: string,
  members: ReadonlyArray<readonly [ArrayKey, Value]>,
  chunks: Buffer[],
  pending: Array<Buffer | Value>,
): void {
  chunks.push(Buffer.from(head));
  pending.push(CLOSE);
  for (const [key, value] of members.toReversed()) {
    pending.push(value, Buffer.concat(typeof key === 'bigint' ? [Buffer.from(`i:${key};`)] : text(key)));
  }
}

function scalar(value: Exclude<Value, { type: 'array' | 'object' }>): Buffer[] {
  switch (value.type) {
    case 'boolean': {
      return [Buffer.from(value.value ? 'b:1;' : 'b:0;')];
    }

    case 'custom': {
      const { class: name, data } = value;
      return [Buffer.from(`C:${name.length}:"`), name, Buffer.from(`":${data.length}:{`), data, CLOSE];
    }

    case 'enum': {
      const name = Buffer.concat([value.class, Buffer.from(':'), value.case]);
      return [Buffer.from(`E:${name.length}:"`), name, Buffer.from('";')];
    }

    case 'float': {
      return [Buffer.from(`d:${value.text ?? serializedFloat(value.value)};`)];
    }

    case 'integer': {
      return [Buffer.from(`i:${value.value};`)];
    }

    case 'null': {
      return [Buffer.from('N;')];
    }

    case 'reference': {
      return [Buffer.from(`${value.kind === 'reference' ? 'R' : 'r'}:${value.target};`)];
    }

    case 'string': {
      return text(value.value);
    }
  }
}

function text(bytes: Buffer): Buffer[] {
  return [Buffer.from(`s:${bytes.length}:"`), bytes, Buffer.from('";')];
}
