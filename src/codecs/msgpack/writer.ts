import { Writer } from '../binary/writer.js';
import { Tag } from './format.js';

/** Writes the tokens of MessagePack in the fewest bytes. */
export class MsgpackWriter extends Writer {
  nil(): void {
    this.uint8(Tag.Nil);
  }

  boolean(value: boolean): void {
    this.uint8(value ? Tag.True : Tag.False);
  }

  float(value: number): void {
    this.uint8(Tag.Float64);
    this.float64(value);
  }

  integer(value: bigint): void {
    if (value >= 0n) this.#unsigned(value);
    else this.#negative(value);
  }

  string(bytes: Buffer): void {
    const { length } = bytes;
    if (length < 0x20) this.uint8(Tag.String + length);
    else this.#length(length, Tag.String16, Tag.String8);
    this.bytes(bytes);
  }

  beginArray(count: number): void {
    if (count < 0x10) this.uint8(Tag.Array + count);
    else this.#length(count, Tag.Array16);
  }

  beginMap(pairs: number): void {
    if (pairs < 0x10) this.uint8(Tag.Map + pairs);
    else this.#length(pairs, Tag.Map16);
  }

  /** The 32-bit tag follows the 16-bit tag. */
  #length(length: number, tagOf16: number, tagOf8?: number): void {
    if (tagOf8 !== undefined && length <= 0xff) {
      this.uint8(tagOf8);
      this.uint8(length);
    } else if (length <= 0xff_ff) {
      this.uint8(tagOf16);
      this.uint16(length);
    } else {
      this.uint8(tagOf16 + 1);
      this.uint32(length);
    }
  }

  #unsigned(value: bigint): void {
    if (value < 0x80n) this.uint8(Number(value));
    else if (value <= 0xffn) {
      this.uint8(Tag.Unsigned8);
      this.uint8(Number(value));
    } else if (value <= 0xff_ffn) {
      this.uint8(Tag.Unsigned16);
      this.uint16(Number(value));
    } else if (value <= 0xff_ff_ff_ffn) {
      this.uint8(Tag.Unsigned32);
      this.uint32(Number(value));
    } else {
      this.uint8(Tag.Unsigned64);
      this.uint64(value);
    }
  }

  #negative(value: bigint): void {
    if (value >= -0x20n) this.int8(Number(value));
    else if (value >= -0x80n) {
      this.uint8(Tag.Signed8);
      this.int8(Number(value));
    } else if (value >= -0x80_00n) {
      this.uint8(Tag.Signed16);
      this.int16(Number(value));
    } else if (value >= -0x80_00_00_00n) {
      this.uint8(Tag.Signed32);
      this.int32(Number(value));
    } else {
      this.uint8(Tag.Signed64);
      this.int64(value);
    }
  }
}
