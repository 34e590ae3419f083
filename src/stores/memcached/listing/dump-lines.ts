import type { Ttl } from '../../contract/store.js';

import { noMemcached } from '../errors.js';
import { uriDecoded } from '../protocol/uri.js';

/** What a dump says of an item. */
export interface Dumped {
  readonly full: Buffer;
  /** What it takes in the server's memory, in bytes: value, key and header. */
  readonly size: number;
  /** Seconds left, null for never. */
  readonly ttl: Ttl;
  /** Seconds since it was last read or written; the server notes a use when the one before is a minute ago. */
  readonly idle: number;
  /** A number that changes with every write, in digits. */
  readonly cas: string;
}

/** What the line of an item begins with, and no other. */
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
 * Goes over lines of a dump, one after the other: `key=%C5%BEk exp=1795437440 la=1795437400 cas=.. fetch=yes cls=1 size=71`,
 * with more fields on newer servers; `exp` is -1 for never, both are Unix times. There are millions of them, so they are
 * read where they lie, as far as somebody asks.
 */
export class DumpLines {
  readonly #bytes: Buffer;
  readonly #location: string;
  #start = 0;
  #keyEnd = 0;
  /** Where its newline is. */
  #end = -1;

  /** @param bytes whole lines @param location of the server, for people */
  constructor(bytes: Buffer, location: string) {
    this.#bytes = bytes;
    this.#location = location;
  }

  /** Goes to the next. False when there is none. */
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

  /** A dump holds what expires in the second that it is asked for, too. @param now the server's time */
  hasExpired(now: number): boolean {
    const expiry = this.#number(this.#valueOf(EXPIRY, this.#keyEnd));
    return expiry !== -1 && expiry <= now;
  }

  /** Undefined where it has expired. @throws RefusedError of what no server sends */
  dumped(now: number): Dumped | undefined {
    // In the order in which they stand there.
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

  /** Where the value of the field begins, which stands at `from` or behind it. @throws RefusedError when there is none */
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

/** Whether `text` stands there. */
export function isAt(bytes: Buffer, start: number, text: Buffer): boolean {
  for (let index = 0; index < text.length; index++) if (bytes[start + index] !== text[index]) return false;
  return true;
}
