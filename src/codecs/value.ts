/**
 * A cached value, as exact as PHP knows it: integers are 64-bit, strings are bytes, arrays are
 * ordered maps, and what only PHP has (objects, enums, references) keeps its shape, so that a value
 * read and written back unchanged gives the same bytes.
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

/** `text` is how it was written, where PHP 8 would write it otherwise; it is written back so. */
export interface FloatValue {
  readonly type: 'float';
  readonly value: number;
  readonly text?: string;
}

/** PHP's ordered map. A list is the map whose keys are 0..n-1 in order. */
export interface ArrayValue {
  readonly type: 'array';
  readonly entries: ReadonlyArray<readonly [ArrayKey, Value]>;
}

export type ArrayKey = bigint | Buffer;

/**
 * An object (`O:`). Property names are as PHP mangles them: public `name`, protected
 * `\0*\0name`, private `\0Class\0name`. A class with `__serialize` may use integer names.
 */
export interface ObjectValue {
  readonly type: 'object';
  readonly class: Buffer;
  readonly properties: ReadonlyArray<readonly [ArrayKey, Value]>;
  /** Whether its class made them (`__serialize`). Undefined where it is not known: only msgpack tells. */
  readonly isMadeByClass?: boolean;
}

/** A case of an enum (`E:`), e.g. class `Suit`, case `Hearts`. */
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
   * Nothing in `data` is counted among the places that references point at: igbinary's and msgpack's rule, not PHP's. Is
   * said where a reference points at a place behind it.
   */
  readonly isSealed?: true;
}

/**
 * A place that is another place again: `target` counts PHP's slots from 1, in the order that
 * `unserialize` fills them. `R` (`reference`) shares the variable, `r` (`object`) the object.
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

/** An array with keys 0..n-1. */
export function list(values: readonly Value[]): ArrayValue {
  return { type: 'array', entries: values.map((value, index) => [BigInt(index), value] as const) };
}

/** Whether the keys are 0..n-1 in order. An empty array is a list. */
export function isList({ entries }: ArrayValue): boolean {
  return entries.every(([key], index) => key === BigInt(index));
}
