/** A keyspace notification, as bytes (`latin1`). */
export interface PushedMessage {
  readonly channel: string;
  readonly payload: string;
}

/** An error reply, without its `-`, as bytes (`latin1`). */
export interface PushedError {
  readonly words: string;
}

/** A string is a simple reply without its `+`, as bytes (`latin1`): `OK`, or a line of MONITOR. */
export type Pushed = PushedError | PushedMessage | string;

const PLUS = 0x2b;
const MINUS = 0x2d;
const PUSH = 0x3e;
const DOLLAR = 0x24;
const LINE_FEED = 0x0a;

/** Parts of a message: kind, channel, payload. */
const PARTS = 3;

/**
 * Parses the input of a connection that only listens, in RESP3 or RESP2: `+1700000000.123456 [0 127.0.0.1:1] "get" "k"`
 * and `>3 $7 message $22 __keyevent@0__:keymiss $1 k`, each part on its own line. Other replies are skipped.
 */
export class PushParser {
  #rest = EMPTY;

  /** Whether the last chunk ended within a message. */
  get isMidway(): boolean {
    return this.#rest.length > 0;
  }

  parse(chunk: Buffer): Pushed[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const parsed: Pushed[] = [];
    let at = 0;
    while (at < bytes.length) {
      const end = bytes[at] === PUSH ? parseMessage(bytes, at, parsed) : parseLine(bytes, at, parsed);
      if (end === -1) break;
      at = end;
    }

    this.#rest = at === bytes.length ? EMPTY : Buffer.from(bytes.subarray(at));
    return parsed;
  }
}

/** @returns the end of the line; -1 if it is incomplete */
function parseLine(bytes: Buffer, start: number, parsed: Pushed[]): number {
  const end = bytes.indexOf(LINE_FEED, start);
  if (end === -1) return -1;
  if (bytes[start] === PLUS) parsed.push(bytes.toString('latin1', start + 1, end - 1));
  else if (bytes[start] === MINUS) parsed.push({ words: bytes.toString('latin1', start + 1, end - 1) });
  return end + 1;
}

/** @returns the end of the message; -1 if it is incomplete */
function parseMessage(bytes: Buffer, start: number, parsed: Pushed[]): number {
  const headEnd = bytes.indexOf(LINE_FEED, start);
  if (headEnd === -1) return -1;
  const parts: string[] = [];
  let at = headEnd + 1;
  for (let part = 0; part < PARTS; part++) {
    const lineEnd = bytes.indexOf(LINE_FEED, at);
    if (lineEnd === -1) return -1;
    if (bytes[at] !== DOLLAR) {
      at = lineEnd + 1;
      continue;
    }

    const length = integerAt(bytes, at + 1, lineEnd - 1);
    const end = lineEnd + 1 + length;
    if (end + 2 > bytes.length) return -1;
    parts.push(bytes.toString('latin1', lineEnd + 1, end));
    at = end + 2;
  }

  const [kind, channel, payload] = parts;
  if (payload !== undefined && kind === 'message') parsed.push({ channel: channel!, payload });
  return at;
}

const EMPTY: Buffer = Buffer.alloc(0);

function integerAt(bytes: Buffer, start: number, end: number): number {
  let integer = 0;
  for (let at = start; at < end; at++) integer = integer * 10 + (bytes[at]! - 0x30);
  return integer;
}
