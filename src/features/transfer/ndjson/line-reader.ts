import { isUtf8 } from 'node:buffer';

import type { TransferEntry } from '../entry.js';

import { CachectlError, InputError } from '../../../errors.js';
import { limitText, raiseLimit, valueLimit } from '../../../value-limit.js';
import { FastLineParser } from './fast-line-parser.js';
import { type LineContext, parseLine } from './line-parser.js';

/** Consecutive lines of an input. */
export interface LinePage {
  readonly entries: readonly TransferEntry[];
  /** When they were read, in Unix milliseconds: their TTLs count from then. */
  readonly readAt: number;
  /** Lines that are not entries. */
  readonly bad: ReadonlyArray<{ readonly line: number; readonly error: CachectlError }>;
  /** How many of the entries come before the first bad line. */
  readonly goodBeforeBad: number;
  /** Lines with an entry that has expired. */
  readonly expired: number;
  /** Bytes of the input up to the end of the last line. */
  readonly offset: number;
  /** Lines up to there. */
  readonly lines: number;
}

/** Where reading starts. */
export interface LineStart {
  readonly offset: number;
  readonly lines: number;
}

/**
 * Reads the lines of an input, a page for each chunk. Bad lines come with their errors.
 * @param ttl of entries without one, in seconds
 * @throws InputError for a line that is too long
 */
export async function* readLines(
  chunks: AsyncIterable<Buffer>,
  start: LineStart,
  ttl: LineContext['ttl'],
): AsyncGenerator<LinePage, void> {
  const reader = new LineReader(start, ttl);
  for await (const chunk of chunks) {
    const page = reader.push(chunk);
    if (page !== undefined) yield page;
  }

  const last = reader.end();
  if (last !== undefined) yield last;
}

class LineReader {
  readonly #ttl: LineContext['ttl'];
  #offset: number;
  #lines: number;
  /** The beginning of a line that is not complete yet. */
  #rest: Buffer[] = [];
  #restLength = 0;

  constructor({ offset, lines }: LineStart, ttl: LineContext['ttl']) {
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

  /** Copies the line that began in an earlier chunk, and not the others. */
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
    // Twice the largest value: JSON and base64 are longer than the value.
    const longest = 2 * valueLimit();
    if (this.#restLength <= longest) return;
    throw new InputError(
      `line ${this.#lines + 1}: it is longer than ${limitText(longest)}`,
      `Check that the file has one entry to a line. ${raiseLimit()}`,
    );
  }

  #page(parts: readonly Buffer[]): LinePage {
    const builder = new PageBuilder(this.#lines, this.#ttl);
    for (const part of parts) {
      builder.add(part);
      this.#offset += part.length;
    }

    this.#lines = builder.lines;
    const { entries, bad, goodBeforeBad = entries.length, expired, lines, readAt } = builder;
    return { entries, readAt, bad, goodBeforeBad, expired, lines, offset: this.#offset };
  }
}

class PageBuilder {
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

  add(bytes: Buffer): void {
    const fast = isUtf8(bytes) ? new FastLineParser(bytes, this.#context) : undefined;
    for (let start = 0; start < bytes.length;) {
      const feed = bytes.indexOf(LINE_FEED, start);
      const end = feed === -1 ? bytes.length : feed;
      this.lines++;
      try {
        const entry = fast?.read(start, end) ?? parseBytes(bytes.subarray(start, end), this.#context);
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

function parseBytes(bytes: Buffer, context: LineContext): 'blank' | 'expired' | TransferEntry {
  const text = bytes.toString();
  if (text.trim() === '') return 'blank';
  if (bytes[0] === GZIP[0] && bytes[1] === GZIP[1]) {
    throw new InputError('it is compressed with gzip', 'Decompress it first: zcat FILE | cachectl import -');
  }

  if (!isUtf8(bytes)) throw new InputError('it is not UTF-8', 'Write bytes that are not text as base64.');
  return parseLine(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text, context) ?? 'expired';
}

const LINE_FEED = 0x0a;
/** The magic number of gzip (RFC 1952), which never begins JSON. */
const GZIP = [0x1f, 0x8b] as const;
const BYTE_ORDER_MARK = '\uFEFF';
