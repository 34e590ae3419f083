import type { Codec, CodecName, SerializerName } from './codec.js';

import { jsonCodec } from './json/codec.js';
import { phpCodec } from './php/codec.js';
import { rawCodec } from './raw.js';

const CODECS: Readonly<Record<CodecName, Codec>> = { json: jsonCodec, php: phpCodec, raw: rawCodec };

export function openCodec(name: CodecName): Codec {
  return CODECS[name];
}

/** Load a serializer of phpredis or php-memcached. */
export async function openSerializer(name: SerializerName): Promise<Codec> {
  switch (name) {
    case 'igbinary': {
      const { igbinaryCodec } = await import('./igbinary/codec.js');
      return igbinaryCodec;
    }

    case 'json': {
      const { phpJsonCodec } = await import('./php-json/codec.js');
      return phpJsonCodec;
    }

    case 'msgpack': {
      const { msgpackCodec } = await import('./msgpack/codec.js');
      return msgpackCodec;
    }

    case 'php': {
      return phpCodec;
    }
  }
}
