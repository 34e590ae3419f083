import type { Codec } from '../codec.js';

import { serialize } from './serialize.js';
import { unserialize } from './unserialize.js';

export const phpCodec: Codec = { name: 'php', encode: serialize, decode: unserialize };
