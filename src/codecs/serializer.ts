import type { Codec, SerializerName } from './codec.js';

import { phpCodec } from './php/codec.js';

/** What phpredis or php-memcached serializes with when it is told to; loaded when it is asked for. */
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
