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
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#value) {
        rest = this.#value.take(rest);
        if (!this.#value.isWhole) return;
        yield { line: this.#value.line, value: this.#value.bytes() };
        this.#value = undefined;
        continue;
      }

      const end = rest.indexOf(NEWLINE);
      if (this.#line.length + (end === -1 ? rest.length : end) > LONGEST_LINE) {
        throw new GarbageError(`a line of more than ${LONGEST_LINE} bytes`);
      }

      if (end === -1) {
        this.#line = Buffer.concat([this.#line, rest]);
        return;
      }

      const line = this.#ended(rest.subarray(0, end));
      rest = rest.subarray(end + 1);
      const size = sizeOf(line);
      if (size === undefined) yield { line };
      else this.#value = new PartialValue(line, size);
    }
  }

  #ended(tail: Buffer): string {
    const whole = this.#line.length === 0 ? tail : Buffer.concat([this.#line, tail]);
    this.#line = Buffer.alloc(0);
    // A dump and a watch end their lines without the carriage return that answers have.
    return whole.toString('latin1', 0, whole.at(-1) === RETURN ? whole.length - 1 : whole.length);
  }
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

  /** What of the chunk is not its own. */
  take(chunk: Buffer): Buffer {
    const own = chunk.subarray(0, this.#missing);
    this.#chunks.push(own);
    this.#missing -= own.length;
    return chunk.subarray(own.length);
  }

  bytes(): Buffer {
    const whole = Buffer.concat(this.#chunks);
    if (whole[this.#size] !== RETURN || whole[this.#size + 1] !== NEWLINE) {
      throw new GarbageError('a value of another length than it was said to have');
    }

    return whole.subarray(0, this.#size);
  }
}
