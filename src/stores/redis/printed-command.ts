/** A command as MONITOR prints it, taken apart as far as it is asked for. */
export class PrintedCommand {
  readonly #text: string;
  readonly #sourceAt: number;
  readonly #sourceEnd: number;

  /** `1700000000.123456 [0 127.0.0.1:1] "get" "k"`; the bytes are copied. */
  constructor(line: Buffer) {
    this.#text = line.toString('latin1');
    this.#sourceAt = this.#text.indexOf(' ', this.#text.indexOf('[')) + 1;
    this.#sourceEnd = this.#text.indexOf('] "', this.#sourceAt);
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

  /** What stands behind the command, each character a byte. */
  get args(): readonly string[] {
    const words = this.#text.slice(this.#sourceEnd + 3, -1).split('" "');
    return words.slice(1).map((word) => unescaped(word));
  }
}

/** A letter behind a backslash, and what it stands for. */
const LETTERS: Readonly<Record<string, string>> = { a: '\u0007', b: '\b', n: '\n', r: '\r', t: '\t' };

/** What is no printable ASCII stands as `\xNN`, a quote or a backslash behind another. */
function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replaceAll(/\\(x[\da-f]{2}|.)/gs, (_, escape: string) =>
    escape.length === 3 ? String.fromCodePoint(Number.parseInt(escape.slice(1), 16)) : (LETTERS[escape] ?? escape),
  );
}

/** How a line writes these bytes. */
export function escaped(bytes: Buffer): Buffer {
  const text = bytes
    .toString('latin1')
    .replaceAll(/["\\]/g, String.raw`\$&`)
    .replaceAll(/[^\u0020-\u007E]/g, (character) => NAMES[character] ?? hex(character));
  return Buffer.from(text, 'latin1');
}

const NAMES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(LETTERS).map(([letter, character]) => [character, `\\${letter}`]),
);

function hex(character: string): string {
  return String.raw`\x${character.codePointAt(0)!.toString(16).padStart(2, '0')}`;
}
