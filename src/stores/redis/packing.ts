import type { Codec } from '../../codecs/codec.js';
import type { Compression } from '../../codecs/compression/compression.js';
import type { RedisProfile } from '../../profiles/profile.js';

import { bareNumbers } from '../../codecs/bare-numbers.js';
import { floatText, isNumeric } from '../../codecs/php/numeric.js';
import { string, type Value } from '../../codecs/value.js';
import { keyToBytes } from '../entries/key-text.js';

/** How values are stored, and the bare texts: owners of locks and members of tag sets. */
export interface Packing {
  readonly values: Codec;
  readonly texts: Texts;
  /** The format of entries, such as `php` or `igbinary lz4`. */
  readonly form: string;
  /** Absent if values are not compressed. */
  readonly compression?: Compression;
  /** Whether no entry is bare text apart from numbers, so that other bare text is an owner. */
  readonly ownersStandOut: boolean;
}

export interface Texts {
  /** Whether texts are stored unchanged, so that scripts can read them. */
  readonly areBare: boolean;
  pack(text: string): Buffer;
  /** @throws UndecodableError */
  unpack(bytes: Buffer): Buffer;
}

/**
 * Combine serializers as Laravel and phpredis do. Without phpredis's `serializer`, Laravel serializes everything but
 * numbers, and texts are bare. With it, phpredis serializes everything, including numbers, owners and members.
 * phpredis's `compression` comes last. A counter that INCRBY wrote is always a bare number and is read as one.
 */
export async function openPacking(
  profile: Pick<RedisProfile, 'compression' | 'compressionLevel' | 'packIgnoreNumbers' | 'serializer'>,
  codec: Codec,
): Promise<Packing> {
  const { serializer, compression: compressionName, compressionLevel, packIgnoreNumbers } = profile;
  const numbers = packIgnoreNumbers ? 'bare-numbers' : undefined;
  const form = [serializer ?? codec.name, compressionName, numbers].filter((part) => part !== undefined).join(' ');
  const ownersStandOut = serializer === undefined && codec.name === 'php';
  if (serializer === undefined && compressionName === undefined) {
    return { values: laravels(codec), texts: BARE, form, ownersStandOut };
  }

  const values = serializer === undefined ? laravels(codec) : countable(await loadSerializer(serializer));
  const compression =
    compressionName === undefined ? undefined : await loadCompression(compressionName, compressionLevel);
  const packed = compression === undefined ? values : compressed(values, compression);
  const texts = packedTexts(serializer === undefined ? undefined : packed, compression);
  const stored = packIgnoreNumbers ? ignoringNumbers(packed, serializer !== undefined) : packed;
  return { values: stored, texts, form, ...(compression && { compression }), ownersStandOut };
}

const BARE: Texts = { areBare: true, pack: keyToBytes, unpack: (bytes) => bytes };

function laravels(codec: Codec): Codec {
  return codec.name === 'php' ? bareNumbers(codec) : codec;
}

/** INCRBY writes a bare number regardless of the serializer. In msgpack such digits would be ambiguous. */
function countable(codec: Codec): Codec {
  const numbers = bareNumbers(codec);
  const isUnmistakable = codec.name === 'igbinary' || codec.name === 'php';
  return {
    name: codec.name,
    encode: (value) => codec.encode(value),
    decode: (bytes) => (isUnmistakable && isNumeric(bytes) ? numbers.decode(bytes) : codec.decode(bytes)),
  };
}

/**
 * phpredis's pack_ignore_numbers: integers and floats are stored as text, and numeric text is read as a number. Without
 * its serializer, Laravel has already serialized infinite numbers and NaN.
 */
function ignoringNumbers(codec: Codec, withInfinite: boolean): Codec {
  const numbers = bareNumbers(codec);
  return {
    name: codec.name,
    encode: (value) => bareNumber(value, withInfinite) ?? codec.encode(value),
    // phpredis reads these as strings.
    decode: (bytes) => (NOT_FINITE.test(bytes.toString('latin1')) ? string(bytes) : numbers.decode(bytes)),
  };
}

const NOT_FINITE = /^(?:-?INF|NAN)$/;

function bareNumber(value: Value, withInfinite: boolean): Buffer | undefined {
  if (value.type === 'integer') return Buffer.from(String(value.value));
  if (value.type !== 'float') return undefined;
  if (Number.isFinite(value.value)) return Buffer.from(floatText(value.value));
  if (!withInfinite) return undefined;
  return Buffer.from(Number.isNaN(value.value) ? 'NAN' : value.value > 0 ? 'INF' : '-INF');
}

function compressed(codec: Codec, compression: Compression): Codec {
  return {
    name: codec.name,
    encode: (value) => compression.compress(codec.encode(value)),
    // phpredis also reads uncompressed values.
    decode: (bytes) => codec.decode(compression.decompress(bytes) ?? bytes),
  };
}

function packedTexts(serializer: Codec | undefined, compression: Compression | undefined): Texts {
  if (serializer === undefined) {
    return {
      areBare: false,
      pack: (text) => compression!.compress(keyToBytes(text)),
      unpack: (bytes) => compression!.decompress(bytes) ?? bytes,
    };
  }

  return {
    areBare: false,
    pack: (text) => serializer.encode(string(keyToBytes(text))),
    unpack: (bytes) => textOf(serializer.decode(bytes), bytes),
  };
}

/** The string, or the bytes if the value is no string. */
function textOf(value: Value, bytes: Buffer): Buffer {
  return value.type === 'string' ? value.value : bytes;
}

async function loadSerializer(name: NonNullable<RedisProfile['serializer']>): Promise<Codec> {
  if (name === 'json') {
    const { phpredisJsonCodec } = await import('../../codecs/php-json/codec.js');
    return phpredisJsonCodec;
  }

  const { openSerializer } = await import('../../codecs/open.js');
  return openSerializer(name);
}

async function loadCompression(name: NonNullable<RedisProfile['compression']>, level?: number): Promise<Compression> {
  const { openRedisCompression } = await import('../../codecs/compression/phpredis.js');
  return openRedisCompression(name, level);
}
