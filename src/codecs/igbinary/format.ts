/** The bytes that say what follows. Where three stand in a row, the length, count or number has 8, 16 or 32 bits. */
export const Tag = {
  Null: 0x00,
  /** An array or scalar that came before: its number among the references. */
  Reference: 0x01,
  False: 0x04,
  True: 0x05,
  /** An integer's amount, of 8 bits; the next tag is the same below zero, and so on. */
  Integer8: 0x06,
  NegativeInteger8: 0x07,
  Integer16: 0x08,
  NegativeInteger16: 0x09,
  Integer32: 0x0a,
  NegativeInteger32: 0x0b,
  Float: 0x0c,
  EmptyString: 0x0d,
  /** A string that came before: its number among the strings, names of classes included. */
  KnownString: 0x0e,
  String: 0x11,
  Array: 0x14,
  /** The name of a class, then an array of properties, data of the class's own, or the case of an enum. */
  Object: 0x17,
  /** The same with a name that came before. */
  ObjectOfKnownName: 0x1a,
  Custom: 0x1d,
  Integer64: 0x20,
  NegativeInteger64: 0x21,
  /** An object that came before: its number among the references. */
  ObjectReference: 0x22,
  /** What follows is a variable that others may refer to. */
  Variable: 0x25,
  LongString: 0x26,
  EnumCase: 0x27,
} as const;

/** Of the widths that three tags in a row stand for. */
export const WIDTHS = 3;

/** Written always; 1 is read as well. */
export const VERSION = 2;
export const VERSIONS: readonly number[] = [1, VERSION];
