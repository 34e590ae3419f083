import type { Codec } from '../codec.js';

import { serialize } from './serialize.js';
import { unserialize } from './unserialize.js';

/** PHP's `serialize()` and `unserialize()`. */
export const phpCodec: Codec = { name: 'php', encode: serialize, decode: unserialize };
