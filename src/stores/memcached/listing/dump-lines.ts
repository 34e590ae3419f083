import type { Ttl } from '../../contract/store.js';

import { noMemcached } from '../errors.js';
import { uriDecoded } from '../protocol/uri.js';

/** An item of a dump. */
export interface Dumped {
  readonly full: Buffer;
  /** Bytes in the server's memory: value, key and header. */
  readonly size: number;
  /** Seconds left, null for never. */
  readonly ttl: Ttl;
  /** Seconds since the last use. The server updates it at most once a minute. */
  readonly idle: number;
  /** A decimal number that changes with every write. */
  readonly cas: string;
}

/** The beginning of every item line, and of no other line. */
export const ITEM = Buffer.from('key=');

const [EXPIRY, LAST_USE, CAS, SIZE] = ['exp=', 'la=', 'cas=', 'size='].map((name) => Buffer.from(name)) as [
  Buffer,
  Buffer,
  Buffer,
  Buffer,
];

const NEWLINE = 0x0a;
const SPACE = 0x20;
const MINUS = 0x2d;
const ZERO = 0x30;

/**
 * A cursor over lines of a dump: `key=%C5%BEk exp=1795437440 la=1795437400 cas=.. fetch=yes cls=1 size=71`, with more
 * fields on newer servers. `exp` and `la` are Unix times, `exp` is -1 for never. A dump has millions of lines, so
 * fields are parsed in place and only on demand.
 */
export class DumpLines {
  readonly #bytes: Buffer;
  readonly #location: string;
  #start = 0;
  #keyEnd = 0;
  /** The position of the newline. */
  #end = -1;

  /** @param bytes whole lines @param location of the server, for people */
  constructor(bytes: Buffer, location: string) {
    this.#bytes = bytes;
    this.#location = location;
  }

  /** Move to the next line. False at the end. */
  next(): boolean {
    const bytes = this.#bytes;
    this.#start = this.#end + 1;
    if (this.#start >= bytes.length) return false;
    this.#end = bytes.indexOf(NEWLINE, this.#start);
    this.#keyEnd = this.#start + ITEM.length;
    while (this.#keyEnd < this.#end && bytes[this.#keyEnd] !== SPACE) this.#keyEnd++;
    return true;
  }

  beginsWith(head: Buffer): boolean {
    return isAt(this.#bytes, this.#start, head);
  }

  /** The full key. */
  get key(): Buffer {
    return uriDecoded(this.#bytes, this.#start + ITEM.length, this.#keyEnd);
  }

  /** A dump includes items that expire within the current second. @param now the server's time */
  hasExpired(now: number): boolean {
    const expiry = this.#number(this.#valueOf(EXPIRY, this.#keyEnd));
    return expiry !== -1 && expiry <= now;
  }

  /** Undefined if it has expired. @throws RefusedError for a malformed line */
  dumped(now: number): Dumped | undefined {
    // In the order of the line.
    const expiryAt = this.#valueOf(EXPIRY, this.#keyEnd);
    const expiry = this.#number(expiryAt);
    if (expiry !== -1 && expiry <= now) return undefined;
    const lastUseAt = this.#valueOf(LAST_USE, expiryAt);
    const casAt = this.#valueOf(CAS, lastUseAt);
    return {
      full: this.key,
      size: this.#number(this.#valueOf(SIZE, casAt)),
      ttl: expiry === -1 ? null : expiry - now,
      idle: Math.max(0, now - this.#number(lastUseAt)),
      cas: this.#bytes.toString('latin1', casAt, this.#endOf(casAt)),
    };
  }

  /** The position of a field's value, searched from `from`. @throws RefusedError if the field is missing */
  #valueOf(name: Buffer, from: number): number {
    for (let at = from; at < this.#end; at++) {
      if (this.#bytes[at] === SPACE && isAt(this.#bytes, at + 1, name)) return at + 1 + name.length;
    }

    throw noMemcached(this.#location, `an item without ${name.toString()}`);
  }

  #number(start: number): number {
    const isNegative = this.#bytes[start] === MINUS;
    let number = 0;
    for (let at = isNegative ? start + 1 : start, end = this.#endOf(start); at < end; at++) {
      number = number * 10 + this.#bytes[at]! - ZERO;
    }

    return isNegative ? -number : number;
  }

  #endOf(start: number): number {
    let at = start;
    while (at < this.#end && this.#bytes[at] !== SPACE) at++;
    return at;
  }
}

export function isAt(bytes: Buffer, start: number, text: Buffer): boolean {
  for (let index = 0; index < text.length; index++) if (bytes[start + index] !== text[index]) return false;
  return true;
}
