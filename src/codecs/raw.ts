import type { Codec } from './codec.js';

import { InputError } from '../errors.js';
import { quoted } from './json/text.js';
import { serializedFloat } from './php/numeric.js';
import { string } from './value.js';

/** Strings as their bytes, other scalars as text. Arrays and objects have no raw form. */
export const rawCodec: Codec = {
  name: 'raw',
  decode: (bytes) => string(bytes),
  toJson: quoted,
  encode(value) {
    switch (value.type) {
      case 'boolean':
      case 'integer': {
        return Buffer.from(String(value.value));
      }

      case 'float': {
        return Buffer.from(serializedFloat(value.value));
      }

      case 'string': {
        return value.value;
      }

      default: {
        throw new InputError(
          `the raw codec cannot hold a value of type ${value.type}`,
          'Store a string, or set codec: php or json in the profile.',
        );
      }
    }
  },
};
