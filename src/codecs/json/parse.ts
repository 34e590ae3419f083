import type { ArrayKey, Value } from '../value.js';

import { InputError } from '../../errors.js';
import { boolean, float, integer, NULL, string } from '../value.js';
import { excerpt } from './quote.js';
import { JsonSyntaxError, Tokens } from './tokens.js';

/** What a JSON object becomes. */
export type MakeObject = (members: ReadonlyArray<readonly [Buffer, Value]>) => Value;

/**
 * JSON as an application would have it in PHP: objects are arrays (a key such as `7` becomes the integer 7, as in PHP),
 * integers keep their 64 bits, a number with a fraction or exponent, or a larger one, is a float. A member that stands
 * twice counts as the last one, in the first one's place. JavaScript's own parser would lose the order of keys and digits.
 * @throws InputError
 */
export function parseJson(text: string): Value {
  try {
    return parseJsonWith(text, phpArray);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    const before = text.slice(0, error.at).split('\n');
    const where =
      before.length > 1 ? `line ${before.length}, column ${before.at(-1)!.length + 1}` : `column ${error.at + 1}`;
    throw new InputError(
      `not JSON: ${error.message}, at ${where}`,
      'A string needs its quotes: \'"text"\'. Or leave --as json out.',
    );
  }
}

/** The same with objects made by `makeObject`. @throws JsonSyntaxError */
export function parseJsonWith(text: string, makeObject: MakeObject): Value {
  const tokens = new Tokens(text);
  const value = readValue(tokens, makeObject, 0);
  tokens.end();
  return value;
}

/** Deeper than any data that people write, and safe for the stack. */
export const MAX_DEPTH = 1000;

function readValue(tokens: Tokens, makeObject: MakeObject, depth: number): Value {
  if (depth > MAX_DEPTH) throw tokens.error(`it is nested deeper than ${MAX_DEPTH} levels`);
  const token = tokens.next();
  switch (token.type) {
    case 'number': {
      return number(token.text, tokens);
    }

    case 'string': {
      return string(token.text);
    }

    case 'word': {
      return token.text === 'null' ? NULL : boolean(token.text === 'true');
    }

    default: {
      if (token.text === '[') return readList(tokens, makeObject, depth);
      if (token.text === '{') return readObject(tokens, makeObject, depth);
      throw tokens.unexpected(token, 'a value');
    }
  }
}

function readList(tokens: Tokens, makeObject: MakeObject, depth: number): Value {
  const entries: Array<readonly [bigint, Value]> = [];
  if (tokens.skip(']')) return { type: 'array', entries };
  do entries.push([BigInt(entries.length), readValue(tokens, makeObject, depth + 1)]);
  while (tokens.separator(']'));
  return { type: 'array', entries };
}

function readObject(tokens: Tokens, makeObject: MakeObject, depth: number): Value {
  const members = new Map<string, Value>();
  if (tokens.skip('}')) return makeObject([]);
  do {
    const name = tokens.next();
    if (name.type !== 'string') throw tokens.unexpected(name, 'a name in quotes');
    tokens.colon();
    members.set(name.text, readValue(tokens, makeObject, depth + 1));
  } while (tokens.separator('}'));

  return makeObject([...members].map(([name, value]) => [Buffer.from(name), value] as const));
}

function number(text: string, tokens: Tokens): Value {
  const whole = /[.Ee]/.test(text) || text.length > LONGEST_INTEGER ? undefined : BigInt(text);
  if (whole !== undefined && BigInt.asIntN(64, whole) === whole) return integer(whole);
  const value = Number(text);
  // Infinity could not be written as JSON again.
  if (!Number.isFinite(value)) throw tokens.error(`${excerpt(text)} is too large for a float`);
  return float(value);
}

/** A sign and nineteen digits. */
const LONGEST_INTEGER = 20;

/** As PHP reads an object that it is told to make an array of. */
export function phpArray(members: ReadonlyArray<readonly [Buffer, Value]>): Value {
  return { type: 'array', entries: members.map(([name, value]) => [phpKey(name), value] as const) };
}

/** PHP makes a key that is the way an integer is written that integer. */
export function phpKey(name: Buffer): ArrayKey {
  const text = name.toString();
  if (!/^(0|-?[1-9]\d{0,18})$/.test(text)) return name;
  const whole = BigInt(text);
  return BigInt.asIntN(64, whole) === whole ? whole : name;
}
