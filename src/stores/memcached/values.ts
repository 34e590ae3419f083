import type { Codec, SerializerName } from '../../codecs/codec.js';
import type { Compression } from '../../codecs/compression/compression.js';
import type { MemcachedProfile } from '../../profiles/profile.js';
import type { StoredFormat } from '../contract/inspection.js';
import type { Entry } from '../contract/store.js';
import type { Item } from './protocol/node.js';

import { compress, decompress } from '../../codecs/compression/php-memcached.js';
import { openSerializer } from '../../codecs/open.js';
import { boolean, fitsInt64, float, integer, string, type Value } from '../../codecs/value.js';
import { InputError, UndecodableError } from '../../errors.js';
import { floatOf, floatText } from './floats.js';

/** A value as it is stored. */
export interface Encoded {
  readonly bytes: Buffer;
  readonly flags: number;
  readonly length: number;
}

/**
 * php-memcached's values: the item's flags name the format of the bytes. Other codecs ignore the flags, because other
 * clients use them differently.
 */
export class Values {
  readonly #codec: Codec;
  readonly #profile: Pick<MemcachedProfile, 'compression' | 'serializer'>;
  readonly #serializers = new Map<SerializerName, Codec>();
  #zstd: Compression | undefined;

  constructor(codec: Codec, profile: Pick<MemcachedProfile, 'compression' | 'serializer'>) {
    this.#codec = codec;
    this.#profile = profile;
  }

  /** Return an encoder. It writes the given flags, if any. */
  async encoder(): Promise<(value: Value, flags?: number) => Encoded> {
    if (this.#codec.name !== 'php') return (value, flags = OWN_FLAGS) => encoded(this.#codec.encode(value), flags);
    if (this.#profile.compression === 'zstd') await this.#openZstd();
    const serializer = await this.#serializer(this.#profile.serializer);
    return (value, flags) =>
      flags === undefined
        ? this.#packed(scalar(value) ?? serialized(value, serializer))
        : encoded(bareOf(value, flags), flags);
  }

  async entry(item: Item): Promise<Entry> {
    const entryOf = await this.reader([item]);
    return entryOf(item);
  }

  /** Return a function that turns these items into entries. */
  async reader(items: Iterable<Item>): Promise<(item: Item) => Entry> {
    if (this.#codec.name !== 'php') {
      return (item) => ({
        ...common(item),
        ...(item.flags !== OWN_FLAGS && { flags: item.flags }),
        decode: () => this.#codec.decode(item.value),
      });
    }

    const names = new Set<SerializerName>();
    for (const { flags } of items) {
      if (isZstd(flags)) await this.#openZstd();
      const name = SERIALIZERS.get(flags & TYPE);
      if (name !== undefined) names.add(name);
    }

    await Promise.all([...names].map(async (name) => this.#serializer(name)));
    return (item) => this.#entry(item);
  }

  /**
   * The bytes of a bare string, such as a lock's owner, decompressed if necessary.
   * @throws UndecodableError
   */
  async bareBytes({ value, flags }: Item): Promise<Buffer> {
    if (this.#codec.name !== 'php') return value;
    if (isZstd(flags)) await this.#openZstd();
    return unpacked(value, flags, this.#zstd);
  }

  /** The form of stored values with their flags: the codec decides their meaning. */
  get form(): string {
    return `memcached ${this.#codec.name}`;
  }

  /** The flags of an incremented number: a string stays a string. */
  flagsOfSum({ flags }: Item, sum: Encoded): number {
    const type = flags & TYPE;
    const keeps = (type === Type.String || type === Type.Float) && (flags & Flag.Compressed) === 0;
    return this.#codec.name !== 'php' || keeps ? flags : sum.flags;
  }

  formatOf({ value, flags }: Item): StoredFormat {
    if (this.#codec.name !== 'php') return { codec: this.#codec.name };
    const type = flags & TYPE;
    const codec = SERIALIZERS.get(type) ?? BARE.get(type) ?? `type ${type}`;
    const isCompressed = (flags & Flag.Compressed) !== 0;
    const compression = flags & Flag.Fastlz ? 'fastlz' : flags & Flag.Zstd ? 'zstd' : 'zlib';
    return isCompressed && value.length >= 4 ? { codec, compression, plainSize: value.readUInt32LE(0) } : { codec };
  }

  #entry(item: Item): Entry {
    const { value, flags } = item;
    return {
      ...common(item),
      decode: () => {
        const type = flags & TYPE;
        const name = SERIALIZERS.get(type);
        const bytes = unpacked(value, flags, this.#zstd);
        return name === undefined ? scalarOf(bytes, type) : this.#known(name)!.decode(bytes);
      },
    };
  }

  #known(name: SerializerName): Codec | undefined {
    return name === this.#codec.name ? this.#codec : this.#serializers.get(name);
  }

  async #serializer(name: SerializerName): Promise<Codec> {
    const known = this.#known(name);
    if (known) return known;
    const opened = await openSerializer(name);
    this.#serializers.set(name, opened);
    return opened;
  }

  async #openZstd(): Promise<void> {
    if (this.#zstd) return;
    const { openZstd } = await import('../../codecs/compression/zstd.js');
    this.#zstd = await openZstd();
  }

  /** Numbers and booleans are never compressed. */
  #packed(plain: Encoded): Encoded {
    const { compression } = this.#profile;
    if (compression === 'none' || UNPACKED.has(plain.flags)) return plain;
    const bytes = compress(plain.bytes, compression === 'zstd' ? this.#zstd! : compression);
    return bytes ? encoded(bytes, plain.flags | Flag.Compressed | COMPRESSIONS[compression]) : plain;
  }
}

/** The flags of the codecs `json` and `raw`. */
const OWN_FLAGS = 0;

/** The size of the flags in front of the value, in bytes. */
const FLAGS = 4;

function common(item: Item): Pick<Entry, 'inForm' | 'stored' | 'ttl'> {
  return { stored: item.value, ttl: item.ttl, inForm: () => inForm(item) };
}

/** The item's flags, most significant byte first, and its value. */
function inForm({ value, flags }: Item): Buffer {
  const bytes = Buffer.allocUnsafe(FLAGS + value.length);
  bytes.writeUInt32BE(flags);
  value.copy(bytes, FLAGS);
  return bytes;
}

/** The inverse of `inForm`. @throws InputError */
export function parseForm(bytes: Buffer): Encoded {
  if (bytes.length >= FLAGS) return encoded(bytes.subarray(FLAGS), bytes.readUInt32BE());
  throw new InputError(
    'these are not the stored bytes of a Memcached value',
    `They begin with its flags (${FLAGS} bytes).`,
  );
}

/** The lowest four bits of the flags. */
const TYPE = 0x0f;

const Type = { String: 0, Integer: 1, Float: 2, Boolean: 3 } as const;

/** Zstd: since php-memcached 3.3. */
const Flag = { Compressed: 16, Zlib: 32, Fastlz: 64, Zstd: 128 } as const;

const COMPRESSIONS = { fastlz: Flag.Fastlz, zlib: Flag.Zlib, zstd: Flag.Zstd } as const;

const SERIALIZERS: ReadonlyMap<number, SerializerName> = new Map([
  [4, 'php'],
  [5, 'igbinary'],
  [6, 'json'],
  [7, 'msgpack'],
]);

const BARE: ReadonlyMap<number, string> = new Map([
  [Type.String, 'string'],
  [Type.Integer, 'number'],
  [Type.Float, 'number'],
  [Type.Boolean, 'boolean'],
]);

const UNPACKED: ReadonlySet<number> = new Set([Type.Integer, Type.Float, Type.Boolean]);

function encoded(bytes: Buffer, flags: number): Encoded {
  return { bytes, flags, length: bytes.length };
}

function scalar(value: Value): Encoded | undefined {
  switch (value.type) {
    case 'boolean': {
      return encoded(Buffer.from(value.value ? '1' : ''), Type.Boolean);
    }

    case 'float': {
      return encoded(Buffer.from(floatText(value.value)), Type.Float);
    }

    case 'integer': {
      return encoded(Buffer.from(String(value.value)), Type.Integer);
    }

    case 'string': {
      return encoded(value.value, Type.String);
    }

    default: {
      return undefined;
    }
  }
}

/** The bytes of a value under these flags with `codec: raw`, where each value is a string. @throws InputError */
function bareOf(value: Value, flags: number): Buffer {
  if (value.type === 'string') return value.value;
  throw new InputError(
    `with codec: php, flags ${flags} are for strings only`,
    'Import into a profile with the codec of the exported entries.',
  );
}

function serialized(value: Value, serializer: Codec): Encoded {
  const [type] = [...SERIALIZERS].find(([, name]) => name === serializer.name)!;
  return encoded(serializer.encode(value), type);
}

function isZstd(flags: number): boolean {
  return (flags & Flag.Compressed) !== 0 && (flags & Flag.Zstd) !== 0;
}

/** @param zstd required if the flags name it */
function unpacked(stored: Buffer, flags: number, zstd: Compression | undefined): Buffer {
  if ((flags & Flag.Compressed) === 0) return stored;
  if (flags & Flag.Fastlz) return decompress(stored, 'fastlz');
  if (flags & Flag.Zlib) return decompress(stored, 'zlib');
  if (flags & Flag.Zstd && zstd) return decompress(stored, zstd);
  throw undecodable(`is compressed in an unknown way (flags ${flags})`);
}

function scalarOf(bytes: Buffer, type: number): Value {
  switch (type) {
    case Type.String: {
      return string(bytes);
    }

    case Type.Integer: {
      return integerOf(bytes.toString('latin1'));
    }

    case Type.Float: {
      const number = floatOf(bytes.toString('latin1'));
      if (number === undefined) throw undecodable('has the flags of a float but is not a float');
      return float(number);
    }

    case Type.Boolean: {
      return boolean(bytes.toString('latin1') === '1');
    }

    default: {
      throw undecodable(`has a type that php-memcached does not write (${type} in its flags)`);
    }
  }
}

/** A server that decrements leaves trailing spaces. */
function integerOf(text: string): Value {
  const digits = /^(-?\d{1,20}) *$/.exec(text)?.[1];
  const whole = digits === undefined ? undefined : BigInt(digits);
  if (whole === undefined || !fitsInt64(whole)) {
    throw undecodable('has the flags of an integer but is not a 64-bit integer');
  }

  return integer(whole);
}

function undecodable(what: string): UndecodableError {
  return new UndecodableError(`the value ${what}`, 'To see its bytes, set codec: raw in the profile.');
}
