import { excerpt } from './quote.js';

/** What is wrong with a text that should be JSON; `at` counts UTF-16 units from its start. */
export class JsonSyntaxError extends Error {
  constructor(
    message: string,
    readonly at: number,
  ) {
    super(message);
  }
}

export interface Token {
  readonly type: 'end' | 'mark' | 'number' | 'string' | 'word';
  /** Of a string its content, of anything else what is written. */
  readonly text: string;
}

const WORD = /true|false|null/y;
const NUMBER = /-?(0|[1-9]\d*)(\.\d+)?([Ee][+-]?\d+)?/y;
const WHITE_SPACE = /[\t\n\r ]*/y;
/** Escapes can spell what no UTF-8 can hold. */
const LONE_SURROGATE = /\p{Cs}/u;
const PLAIN = /[^"\\\p{Cc}]*/uy;

/** The tokens of a JSON text (RFC 8259), one after the other. */
export class Tokens {
  readonly #text: string;
  #at = 0;
  #tokenAt = 0;

  constructor(text: string) {
    this.#text = text;
  }

  next(): Token {
    this.#match(WHITE_SPACE);
    this.#tokenAt = this.#at;
    const character = this.#text[this.#at];
    if (character === undefined) return { type: 'end', text: '' };
    if (character === '"') return { type: 'string', text: this.#string() };
    if ('[]{},:'.includes(character)) {
      this.#at++;
      return { type: 'mark', text: character };
    }

    const word = this.#match(WORD);
    if (word) return { type: 'word', text: word };
    const number = this.#match(NUMBER);
    if (number) return { type: 'number', text: number };
    throw this.error(`${excerpt(character)} begins no value`);
  }

  /** Passes over `mark` when it comes next. */
  skip(mark: string): boolean {
    const before = this.#at;
    const token = this.next();
    if (token.type === 'mark' && token.text === mark) return true;
    this.#at = before;
    return false;
  }

  colon(): void {
    const token = this.next();
    if (token.type !== 'mark' || token.text !== ':') throw this.unexpected(token, 'a colon');
  }

  /** True when a comma says that more comes, false at `close`. */
  separator(close: string): boolean {
    const token = this.next();
    if (token.type === 'mark' && token.text === ',') return true;
    if (token.type === 'mark' && token.text === close) return false;
    throw this.unexpected(token, `a comma or ${close}`);
  }

  end(): void {
    const token = this.next();
    if (token.type !== 'end') throw this.unexpected(token, 'the end');
  }

  unexpected(token: Token, wanted: string): JsonSyntaxError {
    return this.error(
      token.type === 'end'
        ? `it ends where ${wanted} should stand`
        : `${excerpt(token.text)} stands where ${wanted} should`,
    );
  }

  error(message: string): JsonSyntaxError {
    return new JsonSyntaxError(message, this.#tokenAt);
  }

  #string(): string {
    let content = '';
    this.#at++;
    for (;;) {
      content += this.#match(PLAIN);
      const character = this.#text[this.#at];
      if (character === '"') {
        this.#at++;
        if (LONE_SURROGATE.test(content)) throw this.error('a string holds half of a surrogate pair');
        return content;
      }

      if (character === undefined) throw this.error('a string is not closed');
      content += character === '\\' ? this.#escape() : this.#control(character);
    }
  }

  /** DEL and the C1 controls are controls, but JSON takes them as they are. */
  #control(character: string): string {
    if (character < ' ') throw new JsonSyntaxError(`a string holds ${excerpt(character)} unescaped`, this.#at);
    this.#at++;
    return character;
  }

  #escape(): string {
    const at = this.#at;
    const length = this.#text[at + 1] === 'u' ? 6 : 2;
    const escape = this.#text.slice(at, at + length);
    if (!/^\\(["/\\bfnrt]|u[\dA-Fa-f]{4})$/.test(escape))
      throw new JsonSyntaxError(`${excerpt(escape)} is no escape`, at);
    this.#at += length;
    return JSON.parse(`"${escape}"`) as string;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }
}
