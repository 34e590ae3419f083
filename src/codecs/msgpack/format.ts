/** Tag bytes. Small lengths, counts and integers are part of the tag. */
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
 * The extension marks a map by a first member whose key is nil. If its value is a class name, the map is an object; a
 * second nil may hold the array for `__unserialize`. If its value is a number, it is one of these marks.
 */
export const Mark = {
  /** The rest is an array or object in a variable that others refer to. */
  Variable: 1,
  /** The second member's value is the number of an array. */
  Array: 2,
  /** The second member is a class and the data of a `C:` object. */
  Custom: 3,
  /** The second member's value is the number of an object. */
  Object: 4,
  /** The second member's value is the number of an object in a variable. */
  ObjectVariable: 5,
  /** The second member is a class and the name of an enum case (version 3 of the extension). */
  Enum: 6,
} as const;

/** The extension reads nothing deeper. */
export const DEEPEST = 1024;
