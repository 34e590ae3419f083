import type { Codec } from './codec.js';
import type { Value } from './value.js';

import { floatText, isNumeric } from './php/numeric.js';
import { float, integer, string } from './value.js';

/**
 * The rule of Laravel's RedisStore around a codec: what PHP calls numeric and finite, strings such as `0123` included, is
 * stored as it is, so that the server can count with it. On reading, text that is the way a number is written becomes
 * that number, other numeric text stays a string; so a string `42` comes back as the integer that its bytes are.
 */
export function bareNumbers(codec: Codec): Codec {
  return {
    name: codec.name,
    encode: (value) => bareText(value) ?? codec.encode(value),
    decode: (bytes) => (isNumeric(bytes) ? numberOrText(bytes) : codec.decode(bytes)),
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
    if (String(whole) === text && BigInt.asIntN(64, whole) === whole) return integer(whole);
  }

  const number = Number(text);
  // `-0` is more likely text than a negative zero, and is shown with the digits it has.
  return number !== 0 && floatText(number) === text ? float(number) : string(bytes);
}

/** Of the length that 64 bits can have. */
const INTEGER = /^-?\d{1,19}$/;
