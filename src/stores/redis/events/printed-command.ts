/** A command as MONITOR prints it, parsed lazily. Its words are bytes (`latin1`). */
export class PrintedCommand {
  readonly #line: string;
  readonly #sourceAt: number;
  readonly #sourceEnd: number;
  #command: string | undefined;
  #args: readonly string[] | undefined;

  /** @param line `1700000000.123456 [0 127.0.0.1:1] "get" "k"` */
  constructor(line: string) {
    this.#line = line;
    this.#sourceAt = line.indexOf(' ', line.indexOf('[')) + 1;
    this.#sourceEnd = line.indexOf('] "', this.#sourceAt);
  }

  /** False for other replies, such as the OK of MONITOR. */
  get isCommand(): boolean {
    return this.#sourceAt !== 0 && this.#sourceEnd !== -1;
  }

  /** Unix time in milliseconds by the server's clock, with a fraction. If the line has none: the local clock. */
  get timeMs(): number {
    const time = Number(this.#line.slice(0, this.#line.indexOf(' '))) * 1000;
    return Math.abs(time) <= LAST_DATE ? time : Date.now();
  }

  get time(): Date {
    return new Date(this.timeMs);
  }

  get database(): number {
    return Number(this.#line.slice(this.#line.indexOf('[') + 1, this.#sourceAt - 1));
  }

  /** `host:port` of the client; `lua` for a command that a script ran. */
  get source(): string {
    return this.#line.slice(this.#sourceAt, this.#sourceEnd);
  }

  /** Whether a script ran it. The line before the script's first names the client that ran the script. */
  get isFromScript(): boolean {
    return this.#line.startsWith('lua]', this.#sourceAt);
  }

  /** In lower case. */
  get command(): string {
    if (this.#command === undefined) {
      const start = this.#sourceEnd + 3;
      this.#command = this.#line.slice(start, this.#line.indexOf('"', start)).toLowerCase();
    }

    return this.#command;
  }

  /** The first argument, or empty. */
  get first(): string {
    if (this.#args !== undefined) return this.#args[0] ?? '';
    const start = this.#line.indexOf('" "', this.#sourceEnd) + 3;
    if (start === 2) return '';
    let end = this.#line.indexOf('" "', start);
    while (end !== -1 && isEscaped(this.#line, end)) end = this.#line.indexOf('" "', end + 1);
    return unescaped(end === -1 ? this.#line.slice(start, -1) : this.#line.slice(start, end));
  }

  /** Whether a word is NX, which makes SET write only new keys. Also true if the value is `NX`. */
  get mayHaveNx(): boolean {
    return this.#line.includes('"NX"', this.#sourceEnd) || this.#line.includes('"nx"', this.#sourceEnd);
  }

  /** Whether a word is GET, which makes SET return the previous value. Also true if the value is `GET`. */
  get mayHaveGet(): boolean {
    return this.#line.includes(' "GET"', this.#sourceEnd) || this.#line.includes(' "get"', this.#sourceEnd);
  }

  get args(): readonly string[] {
    this.#args ??= wordsOf(this.#line.slice(this.#sourceEnd + 3, -1)).slice(1);
    return this.#args;
  }
}

/** The end of JavaScript's calendar, in milliseconds. */
const LAST_DATE = 8.64e15;

/** Whether a line may matter without naming any key: it affects all keys, names a client, or runs a script. */
export function mayNameNoKey(line: string): boolean {
  return NAMING_NONE.test(line);
}

/** The command name follows the client's address, which may be `[::1]:6379`. */
const NAMING_NONE = /^[^"]{1,150}\] "(?:client|eval(?:sha)?(?:_ro)?|fcall(?:_ro)?|flushall|flushdb|hello)"/i;

/** Split at `" "`. A word may contain it too, but with escaped quotes. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  let start = 0;
  for (let end = text.indexOf('" "'); end !== -1; end = text.indexOf('" "', end + 1)) {
    if (isEscaped(text, end)) continue;
    words.push(unescaped(text.slice(start, end)));
    start = end + 3;
    end = start - 1;
  }

  words.push(unescaped(text.slice(start)));
  return words;
}

/** Whether a backslash precedes it that is not itself escaped. */
function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text[first - 1] === '\\') first--;
  return (at - first) % 2 === 1;
}

const LETTERS: Readonly<Record<string, string>> = { a: '\u0007', b: '\b', n: '\n', r: '\r', t: '\t' };

/** Undo the server's escapes (`sdscatrepr`): `\xNN` for unprintable bytes, and a backslash before `"` and `\`. */
function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replaceAll(/\\(x[\da-f]{2}|.)/gs, (_, escape: string) =>
    escape.length === 3 ? String.fromCodePoint(Number.parseInt(escape.slice(1), 16)) : (LETTERS[escape] ?? escape),
  );
}

/** Escape bytes (`latin1`) as the server does. */
export function escaped(bytes: string): string {
  return bytes
    .replaceAll(/["\\]/g, String.raw`\$&`)
    .replaceAll(/[^\u0020-\u007E]/g, (character) => NAMES[character] ?? hex(character));
}

const NAMES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(LETTERS).map(([letter, character]) => [character, `\\${letter}`]),
);

function hex(character: string): string {
  return String.raw`\x${character.codePointAt(0)!.toString(16).padStart(2, '0')}`;
}
