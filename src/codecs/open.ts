import type { Codec, CodecName } from './codec.js';

import { jsonCodec } from './json/codec.js';
import { phpCodec } from './php/codec.js';
import { rawCodec } from './raw.js';

const CODECS: Readonly<Record<CodecName, Codec>> = { json: jsonCodec, php: phpCodec, raw: rawCodec };

/** Return the codec of that name. */
export function openCodec(name: CodecName): Codec {
  return CODECS[name];
}
