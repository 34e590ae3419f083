/** A command as MONITOR prints it, taken apart as far as it is asked for. Its words are texts of bytes (`latin1`). */
export class PrintedCommand {
  readonly #text: string;
  readonly #sourceAt: number;
  readonly #sourceEnd: number;
  #args: readonly string[] | undefined;

  /** @param text `1700000000.123456 [0 127.0.0.1:1] "get" "k"` */
  constructor(text: string) {
    this.#text = text;
    this.#sourceAt = text.indexOf(' ', text.indexOf('[')) + 1;
    this.#sourceEnd = text.indexOf('] "', this.#sourceAt);
  }

  /** Of something else than a command, such as the OK to MONITOR itself. */
  get isNoCommand(): boolean {
    return this.#sourceAt === 0 || this.#sourceEnd === -1;
  }

  get time(): Date {
    return new Date(Number(this.#text.slice(0, this.#text.indexOf(' '))) * 1000);
  }

  get database(): number {
    return Number(this.#text.slice(this.#text.indexOf('[') + 1, this.#sourceAt - 1));
  }

  /** `host:port` of whoever sent it. */
  get source(): string {
    return this.#text.slice(this.#sourceAt, this.#sourceEnd);
  }

  /** What a script does comes without the address of whoever ran it. */
  get isScripts(): boolean {
    return this.#text.startsWith('lua]', this.#sourceAt);
  }

  /** In small letters. */
  get command(): string {
    const start = this.#sourceEnd + 3;
    return this.#text.slice(start, this.#text.indexOf('"', start)).toLowerCase();
  }

  /** The word behind the command; empty when there is none. */
  get first(): string {
    if (this.#args !== undefined) return this.#args[0] ?? '';
    const start = this.#text.indexOf('" "', this.#sourceEnd) + 3;
    if (start === 2) return '';
    let end = this.#text.indexOf('" "', start);
    while (end !== -1 && isEscaped(this.#text, end)) end = this.#text.indexOf('" "', end + 1);
    return unescaped(end === -1 ? this.#text.slice(start, -1) : this.#text.slice(start, end));
  }

  /** Whether NX is among the words: `SET` only where there is nothing. True of a value that reads so, too. */
  get mayBeOfNew(): boolean {
    return this.#text.includes('"NX"', this.#sourceEnd) || this.#text.includes('"nx"', this.#sourceEnd);
  }

  /** Whether GET is among the words, likewise: `SET` that answers with what was there. */
  get mayAnswer(): boolean {
    return this.#text.includes(' "GET"', this.#sourceEnd) || this.#text.includes(' "get"', this.#sourceEnd);
  }

  /** What stands behind the command. */
  get args(): readonly string[] {
    this.#args ??= wordsOf(this.#text.slice(this.#sourceEnd + 3, -1)).slice(1);
    return this.#args;
  }
}

/** Whether a line may concern us without naming a key of ours: it is of all keys, says who somebody is, or runs a script. */
export function mayNameNoKey(line: string): boolean {
  return NAMING_NONE.test(line);
}

/** Near the beginning of a line, behind who sent it, which may be `[::1]:6379`. */
const NAMING_NONE = /^[^"]{1,150}\] "(?:client|eval(?:sha)?(?:_ro)?|fcall(?:_ro)?|flushall|flushdb|hello)"/i;

/** A word that ends with a quote and a space looks there like the end of a word, save for the backslash. */
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

/** Whether a backslash stands before it that is not itself behind one. */
function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text[first - 1] === '\\') first--;
  return (at - first) % 2 === 1;
}

/** A letter behind a backslash, and what it stands for. */
const LETTERS: Readonly<Record<string, string>> = { a: '\u0007', b: '\b', n: '\n', r: '\r', t: '\t' };

/** What is no printable ASCII stands as `\xNN`, a quote or a backslash behind another. Gives bytes (`latin1`). */
export function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replaceAll(/\\(x[\da-f]{2}|.)/gs, (_, escape: string) =>
    escape.length === 3 ? String.fromCodePoint(Number.parseInt(escape.slice(1), 16)) : (LETTERS[escape] ?? escape),
  );
}

/** How a line writes these bytes (`latin1`). */
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
