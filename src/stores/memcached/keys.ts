import type { MemcachedProfile } from '../../profiles/profile.js';

import { UsageError } from '../../errors.js';
import { keyFromBytes, keyToBytes } from '../entries/key-text.js';
import { printKey } from '../entries/printed-key.js';

/** Bytes, prefix included. */
export const MAX_KEY = 250;

type Naming = Pick<MemcachedProfile, 'codec' | 'connectionPrefix' | 'prefix' | 'protocol' | 'unicodeKeys'>;

/** Maps keys to full keys (connection prefix, cache prefix, key) and back. */
export class Keys {
  /** Connection prefix and cache prefix. */
  readonly prefix: string;
  readonly #prefixBytes: Buffer;
  readonly #isAscii: boolean;
  readonly #isNameable: (full: Buffer) => boolean;

  constructor({ codec, connectionPrefix = '', prefix, protocol, unicodeKeys }: Naming) {
    this.prefix = connectionPrefix + prefix;
    this.#prefixBytes = Buffer.from(this.prefix);
    // Only php-memcached refuses non-ASCII keys.
    this.#isAscii = !(unicodeKeys ?? codec !== 'php');
    this.#isNameable = protocol === 'classic' ? isPlain : isNameable;
  }

  /**
   * The full key of an existing entry. Other clients may use keys with white space.
   * @throws UsageError if Memcached cannot store the key
   */
  full(key: string): Buffer {
    const full = keyToBytes(this.prefix + key);
    if (this.#isNameable(full)) return full;
    throw unstorable(key, full);
  }

  /**
   * Like `full`, for a key that may be created.
   * @throws UsageError also if the application could not read it
   */
  fullToWrite(key: string): Buffer {
    const full = this.full(key);
    if (!isPlain(full)) throw unstorable(key, full);
    if (!this.#isAscii || full.every((byte) => byte < DELETE)) return full;
    throw new UsageError(
      `php-memcached cannot read the key ${shown(key)}: it is not ASCII`,
      'If the application reads such keys (OPT_BINARY_PROTOCOL), set unicodeKeys: true in the profile.',
    );
  }

  /** Whether it has the prefix. */
  isOurs(full: Buffer): boolean {
    return full.subarray(0, this.#prefixBytes.length).equals(this.#prefixBytes);
  }

  /** Without the prefix. */
  short(full: Buffer): string {
    return keyFromBytes(full.subarray(this.#prefixBytes.length));
  }
}

/** The first part of the keys of tag ids. */
export const TAG_ID_HEAD = 'tag:';

/** The key that holds a tag's id, without prefix. */
export function tagIdKey(name: string): string {
  return `${TAG_ID_HEAD}${name}:key`;
}

/** Whether a key (without prefix) is a tag's bookkeeping rather than an entry. */
export function isTagIdKey(key: string): boolean {
  return /^tag:.*:key$/s.test(key);
}

/** Whether a full key can be sent unencoded in the text protocol. */
export function isPlain(full: Buffer): boolean {
  return faultOf(full) === undefined;
}

/** Whether a meta command can name a full key, unencoded or in base64. The limit applies to the encoded key. */
export function isNameable(full: Buffer): boolean {
  return isPlain(full) || (full.length > 0 && Math.ceil(full.length / 3) * 4 <= MAX_KEY);
}

const SPACE = 0x20;
const DELETE = 0x7f;

/** Why php-memcached would refuse the key. */
function faultOf(full: Buffer): string | undefined {
  if (full.length === 0) return 'it is empty';
  for (const byte of full) {
    if (byte === SPACE) return 'it contains whitespace';
    if (byte < SPACE || byte === DELETE) return 'it contains control characters';
  }

  if (full.length > MAX_KEY) return `with the prefix it has ${full.length} bytes`;
  return undefined;
}

function unstorable(key: string, full: Buffer): UsageError {
  return new UsageError(
    `Memcached cannot store the key ${shown(key)}: ${faultOf(full)}`,
    `Keys have up to ${MAX_KEY} bytes including the prefix, and no whitespace or control characters.`,
  );
}

/** Quoted, on one line, truncated. */
function shown(key: string): string {
  const quoted = `"${printKey(key)}"`;
  return quoted.length > 80 ? `${quoted.slice(0, 60)}…"` : quoted;
}
