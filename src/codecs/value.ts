/**
 * A cached value, as exact as in PHP. Integers have 64 bits, strings are bytes, arrays are ordered maps. Objects,
 * enums and references keep their shape, so that an unchanged value is written back as the same bytes.
 */
export type Value =
  | { readonly type: 'null' }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'integer'; readonly value: bigint }
  | FloatValue
  | { readonly type: 'string'; readonly value: Buffer }
  | ArrayValue
  | ObjectValue
  | EnumValue
  | CustomValue
  | ReferenceValue;

/** `text` is the original text, if PHP 8 would write the number differently. It is written back. */
export interface FloatValue {
  readonly type: 'float';
  readonly value: number;
  readonly text?: string;
}

/** PHP's ordered map. A list has the keys 0..n-1 in order. */
export interface ArrayValue {
  readonly type: 'array';
  readonly entries: ReadonlyArray<readonly [ArrayKey, Value]>;
}

export type ArrayKey = bigint | Buffer;

/**
 * An object (`O:`). Property names are mangled as in PHP: public `name`, protected `\0*\0name`, private
 * `\0Class\0name`. A class with `__serialize` may use integer names.
 */
export interface ObjectValue {
  readonly type: 'object';
  readonly class: Buffer;
  readonly properties: ReadonlyArray<readonly [ArrayKey, Value]>;
  /** Whether the properties come from `__serialize`. Only msgpack says so; undefined otherwise. */
  readonly isMadeByClass?: boolean;
}

/** An enum case (`E:`), such as case `Hearts` of class `Suit`. */
export interface EnumValue {
  readonly type: 'enum';
  readonly class: Buffer;
  readonly case: Buffer;
}

/** An object of a class with its own format (`C:`, the `Serializable` interface). */
export interface CustomValue {
  readonly type: 'custom';
  readonly class: Buffer;
  readonly data: Buffer;
  /**
   * References do not count the values inside `data`: the rule of igbinary and msgpack, not of PHP. Set only if a
   * reference points behind this object.
   */
  readonly isSealed?: true;
}

/**
 * A reference to an earlier slot. `target` counts PHP's slots from 1, in the order in which `unserialize` fills them.
 * `R` (`reference`) shares the variable, `r` (`object`) shares the object.
 */
export interface ReferenceValue {
  readonly type: 'reference';
  readonly kind: 'reference' | 'object';
  readonly target: number;
}

export const NULL: Value = { type: 'null' };

export function string(value: string | Buffer): Value {
  return { type: 'string', value: typeof value === 'string' ? Buffer.from(value) : value };
}

export function integer(value: bigint | number): Value {
  return { type: 'integer', value: BigInt(value) };
}

export function float(value: number): Value {
  return { type: 'float', value };
}

export function boolean(value: boolean): Value {
  return { type: 'boolean', value };
}

/** Return an array with the keys 0..n-1. */
export function list(values: readonly Value[]): ArrayValue {
  return { type: 'array', entries: values.map((value, index) => [BigInt(index), value] as const) };
}

/** Whether the keys are 0..n-1 in order. An empty array is a list. */
export function isList({ entries }: ArrayValue): boolean {
  return entries.every(([key], index) => key === BigInt(index));
}

/** The class that PHP uses for JSON objects and for arrays cast to objects. */
export const STD_CLASS = Buffer.from('stdClass');

/** PHP's integers, and those of every store that counts. */
export const INT64_MIN = -(2n ** 63n);
export const INT64_MAX = 2n ** 63n - 1n;

export function fitsInt64(value: bigint): boolean {
  return value >= INT64_MIN && value <= INT64_MAX;
}

/** PHP turns an array key in the canonical form of an integer into that integer. */
export function phpKey(name: Buffer): ArrayKey {
  if (name.length > MAX_INT64_LENGTH) return name;
  const text = name.toString('latin1');
  if (!/^(0|-?[1-9]\d*)$/.test(text)) return name;
  const whole = BigInt(text);
  return fitsInt64(whole) ? whole : name;
}

/** A sign and 19 digits. */
const MAX_INT64_LENGTH = 20;
