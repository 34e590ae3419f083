import type { ArrayValue, Value } from '../value.js';

import { InputError } from '../../errors.js';
import { phpKey } from '../value.js';
import { JsonParser, JsonSyntaxError } from './parser.js';

/**
 * Parses JSON as a PHP application does: objects are arrays (the key `"7"` becomes the integer 7), integers keep 64 bits,
 * and larger numbers or those with a fraction or exponent are floats. The last of two members with one name counts, in the
 * place of the first. JavaScript's own parser would lose the order of keys and the digits of numbers.
 * @throws InputError
 */
export function parseJson(json: Buffer | string): Value {
  const bytes = typeof json === 'string' ? Buffer.from(json) : json;
  try {
    return new JsonParser(bytes, phpArray).document();
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    const before = bytes.toString('utf8', 0, error.at).split('\n');
    const column = `column ${before.at(-1)!.length + 1}`;
    throw new InputError(
      `not JSON: ${error.message}, at ${before.length > 1 ? `line ${before.length}, ` : ''}${column}`,
      'A string needs its quotes: \'"text"\'. Or leave --as json out.',
    );
  }
}

/** As PHP reads an object with `assoc`. */
export function phpArray(members: ReadonlyArray<readonly [Buffer, Value]>): ArrayValue {
  // No integer begins with a letter, which most names do.
  const isPlain = !members.some(([name]) => name[0]! <= DIGIT_9);
  return { type: 'array', entries: isPlain ? members : members.map(([name, value]) => [phpKey(name), value] as const) };
}

const DIGIT_9 = 0x39;
