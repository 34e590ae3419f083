import { isUtf8 } from 'node:buffer';

import type { Codec } from '../codec.js';
import type { Value } from '../value.js';

import { InputError, UndecodableError } from '../../errors.js';
import { isList } from '../value.js';
import { floatToJson } from './numbers.js';
import { MAX_DEPTH, parseJsonWith } from './parse.js';
import { JsonSyntaxError } from './tokens.js';

/** JSON text. Objects are read as PHP's stdClass, so that `{}` and `[]` are written back as they were. */
export const jsonCodec: Codec = {
  name: 'json',
  encode: (value) => Buffer.from(encoded(value, 0)),
  decode(bytes) {
    const text = bytes.toString();
    try {
      if (!isUtf8(bytes)) throw new JsonSyntaxError('it is not UTF-8', 0);
      return parseJsonWith(text, (properties) => ({ type: 'object', class: STD_CLASS, properties }));
    } catch (error) {
      if (!(error instanceof JsonSyntaxError)) throw error;
      const offset = Buffer.byteLength(text.slice(0, error.at));
      throw new UndecodableError(
        `this is not JSON: ${error.message}, at byte ${offset} of ${bytes.length}`,
        'Is the codec of the profile the right one?',
        offset,
      );
    }
  },
};

const STD_CLASS = Buffer.from('stdClass');

function encoded(value: Value, depth: number): string {
  if (depth > MAX_DEPTH) throw unholdable(`more than ${MAX_DEPTH} levels`);
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
      throw unholdable(`the float ${value.value}`);
    }

    case 'null': {
      return 'null';
    }

    case 'object': {
      if (value.class.equals(STD_CLASS)) return objectOf(value.properties, depth);
      throw unholdable(`an object of class ${value.class.toString()}`);
    }

    case 'string': {
      return text(value.value);
    }

    default: {
      throw unholdable(`a value of type ${value.type}`);
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
  throw unholdable('a string that is not UTF-8');
}

function unholdable(what: string): InputError {
  return new InputError(`the json codec cannot hold ${what}`, 'Set codec: php in the profile, or store another value.');
}
