import type { Parser } from './wire.js';

import { GarbageError } from './garbage.js';

/** A request of the binary protocol. */
export interface Request {
  readonly opcode: number;
  readonly key: Buffer;
  readonly extras?: Buffer;
  readonly value?: Buffer;
  /** Goes through only while the item has this; 0 is any. */
  readonly cas?: bigint;
}

/** An answer of the binary protocol. */
export interface Response {
  readonly status: number;
  /** What its request had. */
  readonly opaque: number;
  readonly cas: bigint;
  readonly extras: Buffer;
  readonly key: Buffer;
  readonly value: Buffer;
}

/** The bytes of a request. */
export function frame({ opcode, key, extras = NONE, value = NONE, cas = 0n }: Request, opaque: number): Buffer {
  const header = Buffer.alloc(HEADER_LENGTH);
  header[0] = REQUEST;
  header[1] = opcode;
  header.writeUInt16BE(key.length, 2);
  header[4] = extras.length;
  header.writeUInt32BE(extras.length + key.length + value.length, 8);
  header.writeUInt32BE(opaque, 12);
  header.writeBigUInt64BE(cas, 16);
  return Buffer.concat([header, extras, key, value]);
}

/** Cuts what a server sends by Memcached's binary protocol into answers, however it is cut into chunks. */
export class FrameParser implements Parser<Response> {
  /** Of an answer that has not ended. */
  #chunks: Buffer[] = [];
  #held = 0;
  /** How many bytes that answer has, as far as it is known: at least its header. */
  #wanted = HEADER_LENGTH;
  /** Whether something came that begins as an answer does. */
  hasHeard = false;

  /**
   * The answers that end in this chunk, of which nothing is kept.
   * @throws GarbageError
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

  /** It is waited for in vain then, which is told. */
  unasked(): undefined {
    return undefined;
  }
}

const REQUEST = 0x80;
const RESPONSE = 0x81;

const HEADER_LENGTH = 24;

/** The largest item that any server can be set up for (`-I 1024m`), and what comes with it. */
const LARGEST_BODY = 2 ** 30 + 2 ** 16;

const NONE = Buffer.alloc(0);

/** Of the answer that these bytes begin with: header and body. */
function lengthOf(bytes: Buffer): number {
  if (bytes[0] !== RESPONSE) throw notBinary(bytes);
  const body = bytes.readUInt32BE(8);
  if (body < bytes.readUInt16BE(2) + bytes[4]! || body > LARGEST_BODY) throw new GarbageError('a frame that cannot be');
  return HEADER_LENGTH + body;
}

function responseOf(bytes: Buffer): Response {
  const key = HEADER_LENGTH + bytes[4]!;
  const value = key + bytes.readUInt16BE(2);
  return {
    status: bytes.readUInt16BE(6),
    opaque: bytes.readUInt32BE(12),
    cas: bytes.readBigUInt64BE(16),
    extras: bytes.subarray(HEADER_LENGTH, key),
    key: bytes.subarray(key, value),
    value: bytes.subarray(value),
  };
}

/** A server that speaks text answers so to what it does not understand. */
function notBinary(bytes: Buffer): GarbageError {
  return new GarbageError(JSON.stringify(bytes.toString('latin1', 0, 40)));
}
