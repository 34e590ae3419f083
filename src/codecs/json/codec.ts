import { isUtf8 } from 'node:buffer';

import type { Codec } from '../codec.js';
import type { Value } from '../value.js';

import { InputError, UndecodableError } from '../../errors.js';
import { isList, STD_CLASS } from '../value.js';
import { JsonParser, JsonSyntaxError, type MakeObject, MAX_DEPTH } from './parser.js';
import { excerpt, floatToJson } from './text.js';

/** JSON text. Objects are read as PHP's stdClass, so `{}` and `[]` are written back unchanged. */
export const jsonCodec: Codec = {
  name: 'json',
  encode: (value) => Buffer.from(encoded(value, 0)),
  decode: (bytes) => decodeJson(bytes, (properties) => ({ type: 'object', class: STD_CLASS, properties })),
};

/** Decode JSON, building objects with `makeObject`. @throws UndecodableError */
export function decodeJson(bytes: Buffer, makeObject: MakeObject): Value {
  if (!isUtf8(bytes))
    throw undecodable('it is not UTF-8', firstDifference(bytes, Buffer.from(bytes.toString())), bytes);
  try {
    return new JsonParser(bytes, makeObject).document();
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw undecodable(error.message, error.at, bytes);
  }
}

function undecodable(what: string, offset: number, { length }: Buffer): UndecodableError {
  return new UndecodableError(
    `this is not JSON: ${what}, at byte ${offset} of ${length}`,
    'Is the codec of the profile the right one?',
    offset,
  );
}

/** The offset of the first invalid UTF-8 byte, where decoding inserted a replacement character. */
function firstDifference(bytes: Buffer, other: Buffer): number {
  const at = bytes.findIndex((byte, index) => byte !== other[index]);
  return at === -1 ? bytes.length : at;
}

function encoded(value: Value, depth: number): string {
  if (depth > MAX_DEPTH) throw unsupported(`more than ${MAX_DEPTH} levels`);
  switch (value.type) {
    case 'array': {
      return isList(value)
        ? `[${value.entries.map(([, item]) => encoded(item, depth + 1)).join(',')}]`
        : objectOf(value.entries, depth);
    }

    case 'boolean':
    case 'integer': {
      return String(value.value);
    }

    case 'float': {
      if (Number.isFinite(value.value)) return floatToJson(value.value);
      throw unsupported(`the float ${value.value}`);
    }

    case 'null': {
      return 'null';
    }

    case 'object': {
      if (value.class.equals(STD_CLASS)) return objectOf(value.properties, depth);
      throw unsupported(`an object of class ${excerpt(value.class.toString())}`);
    }

    case 'string': {
      return text(value.value);
    }

    default: {
      throw unsupported(`a value of type ${value.type}`);
    }
  }
}

function objectOf(members: ReadonlyArray<readonly [bigint | Buffer, Value]>, depth: number): string {
  const texts = members.map(([key, value]) => {
    const name = typeof key === 'bigint' ? `"${key}"` : text(key);
    return `${name}:${encoded(value, depth + 1)}`;
  });
  return `{${texts.join(',')}}`;
}

function text(bytes: Buffer): string {
  if (isUtf8(bytes)) return JSON.stringify(bytes.toString());
  throw unsupported('a string that is not UTF-8');
}

function unsupported(what: string): InputError {
  return new InputError(`the json codec cannot hold ${what}`, 'Set codec: php in the profile, or store another value.');
}
