import { Reader } from '../binary/reader.js';
import { Tag } from './format.js';

/** Reads the tokens of MessagePack. A tag of another type gives undefined. */
export class MsgpackReader extends Reader {
  constructor(bytes: Buffer) {
    super(bytes, 'msgpack');
  }

  integer(tag: number): bigint | undefined {
    if (tag < Tag.Map) return BigInt(tag);
    if (tag >= Tag.NegativeInteger) return BigInt(tag - 0x1_00);
    switch (tag) {
      case Tag.Unsigned8: {
        return BigInt(this.uint8());
      }

      case Tag.Unsigned16: {
        return BigInt(this.uint16());
      }

      case Tag.Unsigned32: {
        return BigInt(this.uint32());
      }

      case Tag.Unsigned64: {
        return this.uint64();
      }

      case Tag.Signed8: {
        return BigInt(this.int8());
      }

      case Tag.Signed16: {
        return BigInt(this.int16());
      }

      case Tag.Signed32: {
        return BigInt(this.int32());
      }

      case Tag.Signed64: {
        return this.int64();
      }

      default: {
        return undefined;
      }
    }
  }

  /** PHP reads both strings and binary data as strings. */
  string(tag: number): Buffer | undefined {
    if (tag >= Tag.String && tag < Tag.Nil) return this.take(tag - Tag.String);
    switch (tag) {
      case Tag.Binary8:
      case Tag.String8: {
        return this.take(this.uint8());
      }

      case Tag.Binary16:
      case Tag.String16: {
        return this.take(this.uint16());
      }

      case Tag.Binary32:
      case Tag.String32: {
        return this.take(this.uint32());
      }

      default: {
        return undefined;
      }
    }
  }

  /** The number of values that follow. */
  arrayCount(tag: number): number | undefined {
    if (tag >= Tag.Array && tag < Tag.String) return this.count(tag - Tag.Array, 1);
    if (tag === Tag.Array16) return this.count(this.uint16(), 1);
    return tag === Tag.Array32 ? this.count(this.uint32(), 1) : undefined;
  }

  /** The number of pairs that follow. */
  mapCount(tag: number): number | undefined {
    if (tag >= Tag.Map && tag < Tag.Array) return this.count(tag - Tag.Map, 2);
    if (tag === Tag.Map16) return this.count(this.uint16(), 2);
    return tag === Tag.Map32 ? this.count(this.uint32(), 2) : undefined;
  }
}
