/** What a connection of RESP3 brings that has asked for nothing but to be told. */
export interface PushHearer {
  /** A keyspace notification: its channel, and the key, as texts of bytes (`latin1`). */
  notified(channel: string, key: string): void;
  /** A line of MONITOR, without its `+`, likewise. */
  monitored(line: string): void;
  /** The server refused something: its words. */
  refused(words: string): void;
}

const PLUS = 0x2b;
const MINUS = 0x2d;
const PUSH = 0x3e;
const DOLLAR = 0x24;
const LINE_FEED = 0x0a;

/** No notification that we asked for has more parts: kind, channel, message. */
const PARTS = 3;

/**
 * Takes apart what the server sends in one stream, in its order: `+1700000000.123456 [0 127.0.0.1:1] "get" "k"` and
 * `>3 $7 message $22 __keyevent@0__:keymiss $1 k`, each part on lines of its own. Other simple answers are passed over.
 */
export class PushParser {
  readonly #hearer: PushHearer;
  #rest: Buffer = Buffer.alloc(0);

  constructor(hearer: PushHearer) {
    this.#hearer = hearer;
  }

  /** Whether the end of something has not come yet. */
  get isMidway(): boolean {
    return this.#rest.length > 0;
  }

  feed(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (at < bytes.length) {
      const end = bytes[at] === PUSH ? this.#push(bytes, at) : this.#line(bytes, at);
      if (end === -1) break;
      at = end;
    }

    this.#rest = at === bytes.length ? EMPTY : Buffer.from(bytes.subarray(at));
  }

  /** Where it ends; -1 when that has not come yet. */
  #line(bytes: Buffer, start: number): number {
    const end = bytes.indexOf(LINE_FEED, start);
    if (end === -1) return -1;
    if (bytes[start] === PLUS) this.#hearer.monitored(bytes.toString('latin1', start + 1, end - 1));
    else if (bytes[start] === MINUS) this.#hearer.refused(bytes.toString('latin1', start + 1, end - 1));
    return end + 1;
  }

  #push(bytes: Buffer, start: number): number {
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

      const length = numberAt(bytes, at + 1, lineEnd - 1);
      const end = lineEnd + 1 + length;
      if (end + 2 > bytes.length) return -1;
      parts.push(bytes.toString('latin1', lineEnd + 1, end));
      at = end + 2;
    }

    const [kind, channel, key] = parts;
    if (key !== undefined && kind === 'message') this.#hearer.notified(channel!, key);
    return at;
  }
}

const EMPTY = Buffer.alloc(0);

function numberAt(bytes: Buffer, start: number, end: number): number {
  let number = 0;
  for (let at = start; at < end; at++) number = number * 10 + (bytes[at]! - 0x30);
  return number;
}
