/** Tag bytes. Three consecutive tags stand for a length, count or number of 8, 16 or 32 bits. */
export const Tag = {
  Null: 0x00,
  /** Refers to an earlier array or scalar by its number. */
  Reference: 0x01,
  False: 0x04,
  True: 0x05,
  /** The absolute value of an integer, 8 bits. The next tag is the same for negative integers, and so on. */
  Integer8: 0x06,
  NegativeInteger8: 0x07,
  Integer16: 0x08,
  NegativeInteger16: 0x09,
  Integer32: 0x0a,
  NegativeInteger32: 0x0b,
  Float: 0x0c,
  EmptyString: 0x0d,
  /** Refers to an earlier string, or class name, by its number. */
  KnownString: 0x0e,
  String: 0x11,
  Array: 0x14,
  /** A class name, then an array of properties, the class's own data, or an enum case. */
  Object: 0x17,
  /** The same with an earlier name. */
  ObjectOfKnownName: 0x1a,
  Custom: 0x1d,
  Integer64: 0x20,
  NegativeInteger64: 0x21,
  /** Refers to an earlier object by its number. */
  ObjectReference: 0x22,
  /** The next value is a variable that others may refer to. */
  Variable: 0x25,
  LongString: 0x26,
  EnumCase: 0x27,
} as const;

/** The number of widths of a tag. */
export const WIDTHS = 3;

/** The version written. Version 1 can be read too. */
export const VERSION = 2;
export const VERSIONS: readonly number[] = [1, VERSION];
