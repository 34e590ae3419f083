import type { Value } from '../../codecs/value.js';

import { fitsInt64 } from '../../codecs/value.js';
import { NotANumberError, UndecodableError } from '../../errors.js';
import { printKey } from './printed-key.js';

/**
 * Return the held number plus `by`; without `held`, start at 0. Accepts whole numbers, also in strings and floats, as
 * in PHP's is_numeric (with white space around). Refuses fractions, since the sum is an integer.
 * @throws NotANumberError
 */
export function increased(key: string, by: bigint, held: (() => Value) | undefined): bigint {
  const sum = (held ? wholeNumber(key, held) : 0n) + by;
  if (fitsInt64(sum)) return sum;
  throw new NotANumberError(
    `"${printKey(key)}" would become ${sum}, which exceeds 64 bits`,
    'The value is unchanged. Put a smaller number first.',
  );
}

function wholeNumber(key: string, held: () => Value): bigint {
  const value = decoded(key, held);
  if (value.type === 'integer') return value.value;
  if (value.type === 'float' && Number.isInteger(value.value)) return BigInt(value.value);
  if (value.type === 'string') {
    const text = value.value.toString('latin1');
    if (/^[\t\n\v\f\r ]*[+-]?\d{1,19}[\t\n\v\f\r ]*$/.test(text)) return BigInt(text.trim().replace(/^\+/, ''));
  }

  const what =
    value.type === 'float' || value.type === 'string' ? `a ${value.type} that is not an integer` : value.type;
  throw notANumber(key, what);
}

function decoded(key: string, held: () => Value): Value {
  try {
    return held();
  } catch (error) {
    if (error instanceof UndecodableError) throw notANumber(key, 'a value that the codec cannot read', error);
    throw error;
  }
}

function notANumber(key: string, what: string, cause?: Error): NotANumberError {
  return new NotANumberError(
    `"${printKey(key)}" holds ${what}, not a number`,
    'The value is unchanged. Put a number first.',
    { cause },
  );
}
