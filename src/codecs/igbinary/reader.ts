import { Reader } from '../binary/reader.js';
import { fitsInt64 } from '../value.js';
import { Tag, VERSIONS, WIDTHS } from './format.js';

export class IgbinaryReader extends Reader {
  readonly #strings: Buffer[] = [];

  constructor(bytes: Buffer) {
    super(bytes, 'igbinary');
  }

  header(): void {
    const version = this.uint32();
    if (!VERSIONS.includes(version)) throw this.error('expected version 1 or 2', 0);
  }

  /** Undefined if it is not the tag of an integer. */
  integer(tag: number): bigint | undefined {
    switch (tag) {
      case Tag.Integer8:
      case Tag.NegativeInteger8: {
        return signed(BigInt(this.uint8()), tag);
      }

      case Tag.Integer16:
      case Tag.NegativeInteger16: {
        return signed(BigInt(this.uint16()), tag);
      }

      case Tag.Integer32:
      case Tag.NegativeInteger32: {
        return signed(BigInt(this.uint32()), tag);
      }

      case Tag.Integer64:
      case Tag.NegativeInteger64: {
        const start = this.offset;
        const value = signed(this.uint64(), tag);
        if (!fitsInt64(value)) throw this.error(`${value} does not fit into 64 bits`, start);
        return value;
      }

      default: {
        return undefined;
      }
    }
  }

  /** Undefined if it is not the tag of a string. */
  string(tag: number): Buffer | undefined {
    if (tag === Tag.EmptyString) return EMPTY;
    if (isOneOf(tag, Tag.KnownString)) return this.#known(this.number(tag - Tag.KnownString));
    if (isOneOf(tag, Tag.String)) return this.#new(this.number(tag - Tag.String));
    return tag === Tag.LongString ? this.#new(Number(this.uint64())) : undefined;
  }

  /** Undefined if it is not the tag of a class name. */
  className(tag: number): Buffer | undefined {
    if (isOneOf(tag, Tag.Object)) return this.#new(this.number(tag - Tag.Object));
    return isOneOf(tag, Tag.ObjectOfKnownName) ? this.#known(this.number(tag - Tag.ObjectOfKnownName)) : undefined;
  }

  /** Read a length, count or number of 8, 16 or 32 bits. */
  number(width: number): number {
    if (width === 0) return this.uint8();
    return width === 1 ? this.uint16() : this.uint32();
  }

  #new(length: number): Buffer {
    const bytes = this.take(length);
    this.#strings.push(bytes);
    return bytes;
  }

  #known(number: number): Buffer {
    const known = this.#strings[number];
    if (!known) throw this.error(`reference to string ${number}, which does not precede it`);
    return known;
  }
}

/** Whether it is that tag in any of its widths. */
export function isOneOf(tag: number, first: number): boolean {
  return tag >= first && tag < first + WIDTHS;
}

const EMPTY = Buffer.alloc(0);

/** Tags of negative integers are odd. */
function signed(amount: bigint, tag: number): bigint {
  return tag % 2 === 0 ? amount : -amount;
}
