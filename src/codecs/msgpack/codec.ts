import type { Codec } from '../codec.js';

import { fromValue } from '../graph/from-value.js';
import { toValue } from '../graph/to-value.js';
import { readGraph } from './read.js';
import { MsgpackReader } from './reader.js';
import { writeGraph } from './write.js';

/**
 * Version 2 of PHP's msgpack extension with its default settings. It keeps references to arrays and objects only. In
 * some cases behind an `&` reference, it writes a number that it then reads as another target. This codec reads the
 * number as the extension does.
 */
export const msgpackCodec: Codec = {
  name: 'msgpack',
  encode: (value) => writeGraph(fromValue(value)),
  decode(bytes) {
    const reader = new MsgpackReader(bytes);
    return toValue(readGraph(reader), bytes.length, (what, offset) => reader.error(what, offset));
  },
};
