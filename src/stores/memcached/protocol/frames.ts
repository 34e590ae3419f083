import { Header, Utils } from 'memjs';

import type { Parser } from './text-socket.js';

import { valueLimit } from '../../../value-limit.js';
import { LargeReplyError } from '../../network/reply-limit.js';
import { GarbageError } from './garbage-error.js';

/** A request of the binary protocol. */
export interface Request {
  readonly opcode: number;
  readonly key: Buffer;
  readonly extras?: Buffer;
  readonly value?: Buffer;
  /** The request fails if the item has another CAS. 0 matches any. */
  readonly cas?: bigint;
}

/** An answer of the binary protocol. */
export interface Response {
  readonly status: number;
  /** Copied from the request. */
  readonly opaque: number;
  readonly cas: bigint;
  readonly extras: Buffer;
  readonly key: Buffer;
  readonly value: Buffer;
}

/** The bytes of a request. */
export function frame({ opcode, key, extras = NONE, value = NONE, cas = 0n }: Request, opaque: number): Buffer {
  const header = Header.toBuffer({
    magic: REQUEST,
    opcode,
    keyLength: key.length,
    extrasLength: extras.length,
    totalBodyLength: extras.length + key.length + value.length,
    opaque,
    cas: casBytes(cas),
  });
  return Buffer.concat([header, extras, key, value]);
}

/** Parses answers of Memcached's binary protocol from chunks. */
export class FrameParser implements Parser<Response> {
  /** Of an unfinished answer. */
  #chunks: Buffer[] = [];
  #held = 0;
  /** The length of that answer as far as known: at least its header. */
  #wanted = HEADER_LENGTH;
  /** Whether the beginning of an answer has arrived. */
  hasHeard = false;

  /**
   * The answers that end in this chunk; keeps none of them.
   * @throws GarbageError, LargeReplyError
   */
  *push(chunk: Buffer): Generator<Response> {
    if (this.#held === 0 && chunk.length > 0 && chunk[0] !== RESPONSE) throw notBinary(chunk);
    this.hasHeard = true;
    this.#chunks.push(Buffer.from(chunk));
    this.#held += chunk.length;
    while (this.#held >= this.#wanted) {
      const bytes = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks, this.#held);
      this.#chunks = [bytes];
      const length = lengthOf(bytes);
      if (bytes.length < length) {
        this.#wanted = length;
        return;
      }

      this.#wanted = HEADER_LENGTH;
      this.#held -= length;
      this.#chunks = this.#held === 0 ? [] : [bytes.subarray(length)];
      yield responseOf(bytes.subarray(0, length));
    }
  }

  /** Ignored: an answer that is missing causes a timeout. */
  unsolicited(): undefined {
    return undefined;
  }
}

const REQUEST = 0x80;
const RESPONSE = 0x81;

const HEADER_LENGTH = 24;

/** More than key and extras beside a value, in bytes. */
const OVERHEAD = 2 ** 16;

const NONE = Buffer.alloc(0);

/** The length of the answer at the start of these bytes: header and body. */
function lengthOf(bytes: Buffer): number {
  if (bytes[0] !== RESPONSE) throw notBinary(bytes);
  const body = bytes.readUInt32BE(8);
  if (body < bytes.readUInt16BE(2) + bytes[4]!) throw new GarbageError('an invalid frame');
  if (body > valueLimit() + OVERHEAD) throw new LargeReplyError(body);
  return HEADER_LENGTH + body;
}

/** @param bytes one whole answer */
function responseOf(bytes: Buffer): Response {
  const { header, extras, key, val: value } = Utils.parseMessage(bytes);
  return { status: header.status, opaque: header.opaque, cas: header.cas.readBigUInt64BE(), extras, key, value };
}

function casBytes(cas: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(cas);
  return bytes;
}

/** A text server answers with a line such as `ERROR`. */
function notBinary(bytes: Buffer): GarbageError {
  return new GarbageError(JSON.stringify(bytes.toString('latin1', 0, 40)));
}
