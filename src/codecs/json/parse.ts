import type { ArrayValue, Value } from '../value.js';

import { InputError } from '../../errors.js';
import { phpKey } from '../value.js';
import { JsonParser, JsonSyntaxError } from './parser.js';

/**
 * Parse JSON like PHP: objects become arrays (the key `"7"` becomes the integer 7), and integers keep 64 bits. Larger
 * numbers and those with a fraction or exponent become floats. A repeated member replaces the value but keeps the first
 * position. `JSON.parse` would lose the order of keys and the digits of numbers.
 * @param hint what to do if it is not JSON
 * @throws InputError
 */
export function parseJson(json: Buffer | string, hint = 'A string needs its quotes: "text".'): Value {
  const bytes = typeof json === 'string' ? Buffer.from(json) : json;
  try {
    return new JsonParser(bytes, phpArray).document();
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    const before = bytes.toString('utf8', 0, error.at).split('\n');
    const column = `column ${before.at(-1)!.length + 1}`;
    throw new InputError(
      `not JSON: ${error.message}, at ${before.length > 1 ? `line ${before.length}, ` : ''}${column}`,
      hint,
    );
  }
}

/** Build an array from an object, like `json_decode` with `assoc`. */
export function phpArray(members: ReadonlyArray<readonly [Buffer, Value]>): ArrayValue {
  // Fast path: most names begin with a letter, and no integer does.
  const isPlain = !members.some(([name]) => name[0]! <= DIGIT_9);
  return { type: 'array', entries: isPlain ? members : members.map(([name, value]) => [phpKey(name), value] as const) };
}

const DIGIT_9 = 0x39;
