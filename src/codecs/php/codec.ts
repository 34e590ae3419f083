import type { Codec } from '../codec.js';

import { serialize } from './serialize.js';
import { phpToJson } from './to-json.js';
import { unserialize } from './unserialize.js';

export const phpCodec: Codec = { name: 'php', encode: serialize, decode: unserialize, toJson: phpToJson };
