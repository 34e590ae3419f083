import { isUtf8 } from 'node:buffer';

import type { TransferEntry } from '../entry.js';

import { CachectlError, InputError } from '../../../errors.js';
import { FastLines } from './fast-line-parser.js';
import { type LineContext, parseLine } from './line-parser.js';

/** Some lines of an input, and where they end. */
export interface LinePage {
  readonly entries: readonly TransferEntry[];
  /** When they were read, in Unix milliseconds: their ttls count from there. */
  readonly readAt: number;
  /** Lines that were none. */
  readonly bad: ReadonlyArray<{ readonly line: number; readonly error: CachectlError }>;
  /** How many of the entries come before the first of those. */
  readonly goodBeforeBad: number;
  /** Lines with an entry that has expired. */
  readonly expired: number;
  /** Bytes of the input up to the end of the last line. */
  readonly offset: number;
  /** Lines up to there. */
  readonly lines: number;
}

/** Where reading begins. */
export interface LineStart {
  readonly offset: number;
  readonly lines: number;
}

/** A longer one is no entry that any store holds. */
const LONGEST_LINE = 256 * 1024 * 1024;

/**
 * The lines of an input, a page to a chunk. Bad lines are given with what is wrong with them.
 * @param ttl of entries that bring none, in seconds
 * @throws InputError for what cannot be cut into lines
 */
export async function* linePages(
  chunks: AsyncIterable<Buffer>,
  { offset, lines }: LineStart,
  ttl: LineContext['ttl'],
): AsyncGenerator<LinePage> {
  const pages = new Pages(offset, lines, ttl);
  for await (const chunk of chunks) {
    const page = pages.push(chunk);
    if (page !== undefined) yield page;
  }

  const last = pages.end();
  if (last !== undefined) yield last;
}

class Pages {
  readonly #ttl: LineContext['ttl'];
  #offset: number;
  #lines: number;
  /** Of a line whose end has not come yet. */
  #rest: Buffer[] = [];
  #restLength = 0;

  constructor(offset: number, lines: number, ttl: LineContext['ttl']) {
    this.#offset = offset;
    this.#lines = lines;
    this.#ttl = ttl;
  }

  push(chunk: Buffer): LinePage | undefined {
    const end = chunk.lastIndexOf(LINE_FEED) + 1;
    if (end === 0) {
      this.#keep(chunk);
      return undefined;
    }

    const whole = chunk.subarray(0, end);
    const parts = this.#restLength === 0 ? [whole] : this.#completed(whole);
    if (end < chunk.length) this.#keep(chunk.subarray(end));
    return this.#page(parts);
  }

  end(): LinePage | undefined {
    return this.#restLength === 0 ? undefined : this.#page([Buffer.concat(this.#rest)]);
  }

  /** The line that began before, and the others, which need not be copied. */
  #completed(lines: Buffer): Buffer[] {
    const end = lines.indexOf(LINE_FEED) + 1;
    const first = Buffer.concat([...this.#rest, lines.subarray(0, end)]);
    this.#rest = [];
    this.#restLength = 0;
    return [first, lines.subarray(end)];
  }

  #keep(bytes: Buffer): void {
    this.#rest.push(bytes);
    this.#restLength += bytes.length;
    if (this.#restLength <= LONGEST_LINE) return;
    throw new InputError(
      `line ${this.#lines + 1}: it is longer than ${LONGEST_LINE / 1024 / 1024} MiB`,
      'Is this a file of one entry to a line?',
    );
  }

  #page(parts: readonly Buffer[]): LinePage {
    const read = new ReadLines(this.#lines, this.#ttl);
    for (const part of parts) {
      read.all(part);
      this.#offset += part.length;
    }

    this.#lines = read.lines;
    const { entries, bad, goodBeforeBad = entries.length, expired, lines, readAt } = read;
    return { entries, readAt, bad, goodBeforeBad, expired, lines, offset: this.#offset };
  }
}

class ReadLines {
  readonly entries: TransferEntry[] = [];
  readonly bad: Array<LinePage['bad'][number]> = [];
  goodBeforeBad: number | undefined;
  expired = 0;
  lines: number;
  readonly readAt = Date.now();
  readonly #context: LineContext;

  constructor(lines: number, ttl: LineContext['ttl']) {
    this.lines = lines;
    this.#context = { now: Math.floor(this.readAt / 1000), ttl };
  }

  all(bytes: Buffer): void {
    const fast = isUtf8(bytes) ? new FastLines(bytes, this.#context) : undefined;
    for (let start = 0; start < bytes.length;) {
      const feed = bytes.indexOf(LINE_FEED, start);
      const end = feed === -1 ? bytes.length : feed;
      this.lines++;
      try {
        const entry = fast?.read(start, end) ?? slow(bytes.subarray(start, end), this.#context);
        if (entry === 'expired') this.expired++;
        else if (entry !== 'blank') this.entries.push(entry);
      } catch (error) {
        if (!(error instanceof CachectlError)) throw error;
        this.goodBeforeBad ??= this.entries.length;
        this.bad.push({ line: this.lines, error });
      }

      start = end + 1;
    }
  }
}

function slow(bytes: Buffer, context: LineContext): 'blank' | 'expired' | TransferEntry {
  const text = bytes.toString();
  if (text.trim() === '') return 'blank';
  if (bytes[0] === GZIP[0] && bytes[1] === GZIP[1]) {
    throw new InputError('it is compressed by gzip', 'Unpack it on the way: zcat FILE | cachectl import -');
  }

  if (!isUtf8(bytes)) throw new InputError('it is not UTF-8', 'Bytes that are no text stand as base64.');
  return parseLine(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text, context) ?? 'expired';
}

const LINE_FEED = 0x0a;
/** What the format begins with (RFC 1952); never the beginning of JSON. */
const GZIP = [0x1f, 0x8b] as const;
const BYTE_ORDER_MARK = '\uFEFF';
