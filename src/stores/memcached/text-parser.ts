/** One line of an answer, and the bytes that came with it (only a `VA` line has any). */
export interface Answer {
  /** Latin-1, without its end. */
  readonly line: string;
  readonly value?: Buffer;
}

/** What came is not what a Memcached server says. */
export class GarbageError extends Error {}

/** Longer than any line of Memcached: a dumped key is up to 750 bytes, what stands around it a few hundred. */
const LONGEST_LINE = 8192;

/** The largest item that any server can be set up for (`-I 1024m`). */
const LARGEST_VALUE = 2 ** 30;

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Cuts what a server sends by Memcached's text protocol into answers, however it is cut into chunks. */
export class AnswerParser {
  /** The beginning of a line that has not ended. */
  #line: Buffer = Buffer.alloc(0);
  #value: PartialValue | undefined;

  /**
   * The answers that end in this chunk.
   * @throws GarbageError
   */
  *push(chunk: Buffer): Generator<Answer> {
    for (let at = 0; at < chunk.length;) {
      if (this.#value) {
        at += this.#value.take(chunk.subarray(at));
        if (!this.#value.isWhole) return;
        yield { line: this.#value.line, value: this.#value.bytes() };
        this.#value = undefined;
        continue;
      }

      const end = chunk.indexOf(NEWLINE, at);
      if (this.#line.length + (end === -1 ? chunk.length : end) - at > LONGEST_LINE) {
        throw new GarbageError(`a line of more than ${LONGEST_LINE} bytes`);
      }

      if (end === -1) {
        this.#line = Buffer.concat([this.#line, chunk.subarray(at)]);
        return;
      }

      const line = this.#ended(chunk, at, end);
      at = end + 1;
      const size = sizeOf(line);
      if (size === undefined) yield { line };
      else this.#value = new PartialValue(line, size);
    }
  }

  /** Many lines come in one chunk, so none is copied before it is read. */
  #ended(chunk: Buffer, start: number, end: number): string {
    if (this.#line.length === 0) return textOf(chunk, start, end);
    const whole = Buffer.concat([this.#line, chunk.subarray(start, end)]);
    this.#line = Buffer.alloc(0);
    return textOf(whole, 0, whole.length);
  }
}

/** A dump and a watch end their lines without the carriage return that answers have. */
function textOf(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('latin1', start, end > start && bytes[end - 1] === RETURN ? end - 1 : end);
}

/** The length of what follows the line, where something does. */
function sizeOf(line: string): number | undefined {
  if (!line.startsWith('VA ')) return undefined;
  const [, digits] = /^VA (\d{1,10})(?: |$)/.exec(line) ?? [];
  const size = Number(digits);
  if (digits === undefined || size > LARGEST_VALUE) throw new GarbageError('a value of no possible length');
  return size;
}

/** A value of which some has come. */
class PartialValue {
  readonly line: string;
  readonly #size: number;
  readonly #chunks: Buffer[] = [];
  #missing: number;

  constructor(line: string, size: number) {
    this.line = line;
    this.#size = size;
    this.#missing = size + 2;
  }

  get isWhole(): boolean {
    return this.#missing === 0;
  }

  /** How many bytes of the chunk are its own. */
  take(chunk: Buffer): number {
    const own = chunk.subarray(0, this.#missing);
    this.#chunks.push(own);
    this.#missing -= own.length;
    return own.length;
  }

  bytes(): Buffer {
    const whole = Buffer.concat(this.#chunks);
    if (whole[this.#size] !== RETURN || whole[this.#size + 1] !== NEWLINE) {
      throw new GarbageError('a value of another length than it was said to have');
    }

    return whole.subarray(0, this.#size);
  }
}
