import type { Codec } from '../codec.js';

import { fromValue } from '../graph/from-value.js';
import { toValue } from '../graph/to-value.js';
import { readGraph } from './read.js';
import { MsgpackReader } from './reader.js';
import { writeGraph } from './write.js';

/**
 * What version 2 of PHP's msgpack extension reads, and writes with its default settings. Of references it keeps those to
 * arrays and objects. Where it writes a number for what was meant and then reads another thing by it (behind a reference
 * made with `&`), the number means here, too, what it means when it is read.
 */
export const msgpackCodec: Codec = {
  name: 'msgpack',
  encode: (value) => writeGraph(fromValue(value)),
  decode(bytes) {
    const reader = new MsgpackReader(bytes);
    return toValue(readGraph(reader), bytes.length, (what, offset) => reader.error(what, offset));
  },
};
