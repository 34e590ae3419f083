import type { Codec } from '../codec.js';

import { fromValue } from '../graph/from-value.js';
import { toValue } from '../graph/to-value.js';
import { readGraph } from './read.js';
import { IgbinaryReader } from './reader.js';
import { writeGraph } from './write.js';

/**
 * PHP's igbinary, format 2, as written by version 3 of the extension with `igbinary.compact_strings` on. Reads format
 * 1 too.
 */
export const igbinaryCodec: Codec = {
  name: 'igbinary',
  encode: (value) => writeGraph(fromValue(value)),
  decode(bytes) {
    const reader = new IgbinaryReader(bytes);
    return toValue(readGraph(reader), bytes.length, (what, offset) => reader.error(what, offset));
  },
};
