import { Binary, BSON, Double, Int32, Long, Timestamp } from 'mongodb';
import { isUtf8 } from 'node:buffer';

import type { Codec } from '../../codecs/codec.js';
import type { Value } from '../../codecs/value.js';

import { floatText } from '../../codecs/php/numeric.js';
import { boolean, float, integer, NULL, string } from '../../codecs/value.js';
import { InputError, UndecodableError } from '../../errors.js';

/** The types of the field `value`. */
export type Stored = Binary | Double | Int32 | Long | string;

/** Without promotion, integers and floats stay distinct. */
export const AS_STORED = { promoteValues: false, bsonRegExp: true } as const;

/**
 * The format of mongodb/laravel-mongodb's MongoStore. Integers and floats are bare, so that `$inc` works. Everything
 * else is a string from the codec. Bytes that are not UTF-8 (which PHP refuses to write) are binary.
 */
export class FieldCodec {
  readonly #codec: Codec;

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  encode(value: Value): Stored {
    if (this.#codec.name === 'php') {
      if (value.type === 'integer') return bsonInteger(value.value);
      if (value.type === 'float') return new Double(value.value);
    }

    const bytes = this.#codec.encode(value);
    return isUtf8(bytes) ? bytes.toString() : new Binary(bytes);
  }

  /**
   * @param field read with `AS_STORED`
   * @throws UndecodableError
   */
  decode(field: unknown): Value {
    if (field instanceof Int32) return integer(field.value);
    if (isLong(field)) return integer(field.toBigInt());
    if (field instanceof Double) return float(field.value);
    if (typeof field === 'boolean') return boolean(field);
    if (field === null) return NULL;
    const bytes = textBytes(field);
    if (bytes === undefined) {
      throw new UndecodableError(
        `the value is a BSON ${typeName(field)}, which no cache writes`,
        'The document may belong to another application.',
      );
    }

    return this.#codec.name === 'php' ? this.#serialized(bytes) : this.#codec.decode(bytes);
  }

  /** Text without a semicolon cannot be serialized, so it is a string, as for Laravel. */
  #serialized(bytes: Buffer): Value {
    try {
      return this.#codec.decode(bytes);
    } catch (error) {
      if (error instanceof UndecodableError && !bytes.includes(';')) return string(bytes);
      throw error;
    }
  }
}

/** The field's bytes for output: a number as text, other types as MongoDB's JSON. */
export function storedBytes(field: unknown): Buffer {
  if (field instanceof Double) return Buffer.from(floatText(field.value));
  if (field instanceof Int32 || isLong(field)) return Buffer.from(field.toString());
  if (field === undefined) return Buffer.alloc(0);
  return textBytes(field) ?? Buffer.from(jsonOf(field));
}

/** The field with its type, as a BSON document with that single field, or an empty one. */
export function inForm(field: unknown): Buffer {
  return Buffer.from(BSON.serialize(field === undefined ? {} : { value: field }));
}

/** The inverse of `inForm`. @throws InputError */
export function parseForm(bytes: Buffer): { readonly value?: Stored } {
  const document = parsed(bytes);
  if (document && Object.keys(document).every((name) => name === 'value')) return document;
  throw new InputError(
    'these are not the stored bytes of a MongoDB value',
    'They are a BSON document with a single field named value.',
  );
}

function parsed(bytes: Buffer): Record<string, never> | undefined {
  try {
    return BSON.deserialize(bytes, AS_STORED) as Record<string, never>;
  } catch {
    return undefined;
  }
}

/** PHP's driver writes an integer with 32 bits if it fits. */
export function bsonInteger(value: bigint): Int32 | Long {
  return BigInt.asIntN(32, value) === value ? new Int32(Number(value)) : Long.fromBigInt(value);
}

/** An oplog timestamp is also a Long in JavaScript. */
function isLong(field: unknown): field is Long {
  return field instanceof Long && !(field instanceof Timestamp);
}

function jsonOf(field: unknown): string {
  try {
    return BSON.EJSON.stringify(field);
  } catch {
    // A document that names an unknown BSON type.
    return `a BSON ${typeName(field)}`;
  }
}

function textBytes(field: unknown): Buffer | undefined {
  if (typeof field === 'string') return Buffer.from(field);
  return field instanceof Binary ? Buffer.from(field.value()) : undefined;
}

function typeName(field: unknown): string {
  if (field === undefined) return 'nothing';
  if (Array.isArray(field)) return 'array';
  if (field instanceof Date) return 'date';
  return typeof field === 'object' && field !== null && '_bsontype' in field ? String(field._bsontype) : 'object';
}
