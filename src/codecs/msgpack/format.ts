/** The bytes that say what follows. Small lengths, counts and integers are in the byte itself. */
export const Tag = {
  PositiveInteger: 0x00,
  Map: 0x80,
  Array: 0x90,
  String: 0xa0,
  Nil: 0xc0,
  False: 0xc2,
  True: 0xc3,
  Binary8: 0xc4,
  Binary16: 0xc5,
  Binary32: 0xc6,
  Float32: 0xca,
  Float64: 0xcb,
  Unsigned8: 0xcc,
  Unsigned16: 0xcd,
  Unsigned32: 0xce,
  Unsigned64: 0xcf,
  Signed8: 0xd0,
  Signed16: 0xd1,
  Signed32: 0xd2,
  Signed64: 0xd3,
  String8: 0xd9,
  String16: 0xda,
  String32: 0xdb,
  Array16: 0xdc,
  Array32: 0xdd,
  Map16: 0xde,
  Map32: 0xdf,
  NegativeInteger: 0xe0,
} as const;

/**
 * What PHP's extension says of a map with its first member, whose key is nil: the name of a class makes it an object (then
 * a second nil may have the array that `__unserialize` takes), and a number one of these.
 */
export const Mark = {
  /** The rest is an array or object in a variable that others refer to. */
  Variable: 1,
  /** The second member's value is the number of what is meant: an array, */
  Array: 2,
  /** The second member is a class and the data of an object with a format of its own. */
  Custom: 3,
  /** an object, */
  Object: 4,
  /** an object in a variable. */
  ObjectVariable: 5,
  /** The second member is a class and the name of a case: version 3 of the extension. */
  Enum: 6,
} as const;

/** What is nested deeper, the extension does not read. */
export const DEEPEST = 1024;
