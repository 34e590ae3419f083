import type { Codec } from './codec.js';
import type { Value } from './value.js';

import { floatText, isNumeric } from './php/numeric.js';
import { fitsInt64, float, integer, string } from './value.js';

/**
 * Add the number rule of Laravel's RedisStore to a codec. Anything that PHP calls numeric and finite, including
 * strings such as `0123`, is stored bare, so the server can increment it. A read turns text in the canonical
 * form of a number into that number, and leaves other numeric text a string. A string `42` therefore comes back as an
 * integer.
 */
export function bareNumbers(codec: Codec): Codec {
  return {
    name: codec.name,
    encode: (value) => bareText(value) ?? codec.encode(value),
    decode: (bytes) => (isNumeric(bytes) ? numberOrText(bytes) : codec.decode(bytes)),
    toJson: (text) => (NO_NUMBER.test(text) ? codec.toJson?.(text) : SHORT_INTEGER.test(text) ? text : undefined),
  };
}

function bareText(value: Value): Buffer | undefined {
  switch (value.type) {
    case 'float': {
      return Number.isFinite(value.value) ? Buffer.from(floatText(value.value)) : undefined;
    }

    case 'integer': {
      return Buffer.from(String(value.value));
    }

    case 'string': {
      return isNumeric(value.value) && Number.isFinite(Number(value.value.toString('latin1')))
        ? value.value
        : undefined;
    }

    default: {
      return undefined;
    }
  }
}

function numberOrText(bytes: Buffer): Value {
  const text = bytes.toString('latin1');
  if (INTEGER.test(text)) {
    const whole = BigInt(text);
    if (String(whole) === text && fitsInt64(whole)) return integer(whole);
  }

  const number = Number(text);
  // `-0` is more likely text than a negative zero, so it keeps its digits.
  return number !== 0 && floatText(number) === text ? float(number) : string(bytes);
}

/** Numbers begin with a digit, a sign, a point or white space. */
const NO_NUMBER = /^[A-Za-z]/;

/** A canonical integer of fewer digits than a 64-bit integer can have. */
const SHORT_INTEGER = /^(?:0|-?[1-9]\d{0,17})$/;

/** A 64-bit integer has up to 19 digits. */
const INTEGER = /^-?\d{1,19}$/;
