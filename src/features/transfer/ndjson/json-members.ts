import { InputError } from '../../../errors.js';
import { isUtf8Key } from '../../../stores/entries/key-text.js';

/** A member of a top-level object, or the object's end, which has no name. */
export interface Member {
  readonly name: string | undefined;
  /** The value as JSON text. */
  readonly text: string;
  /** The line on which the member begins, counted from 1. */
  readonly line: number;
}

/**
 * Splits a stream of JSON objects into their members, with no more than one member in memory. Yields the members that end
 * in a chunk together, lazily and in order: awaiting each one would cost more than splitting it. It finds where values
 * end; a parser has to check that they are JSON.
 * @throws InputError that names the line
 */
export async function* jsonMembers(chunks: AsyncIterable<Buffer>): AsyncGenerator<Iterable<Member>> {
  const splitter = new Splitter();
  const decoder = new TextDecoder('utf8', { fatal: true });
  const decoded = (chunk?: Buffer): string => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch {
      throw splitter.notUtf8(chunk);
    }
  };

  for await (const chunk of chunks) yield splitter.push(decoded(chunk));
  yield splitter.push(decoded());
  splitter.end();
}

type State = 'afterName' | 'between' | 'name' | 'needName' | 'outside' | 'value';

class Splitter {
  #state: State = 'outside';
  #line = 1;
  #memberLine = 1;
  #name = '';
  /** The beginning of the name or value, from earlier chunks. */
  #text = '';
  #depth = 0;
  #inString = false;
  #escaped = false;

  *push(chunk: string): Generator<Member> {
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      const character = chunk[at]!;
      if (character === '\n') this.#line++;
      if (this.#state === 'name') {
        if (!this.#stringEnds(character)) continue;
        this.#name = this.#parseName(this.#text + chunk.slice(start, at + 1));
        this.#text = '';
        this.#state = 'afterName';
      } else if (this.#state === 'value') {
        if (!this.#valueEnds(character)) continue;
        const text = (this.#text + chunk.slice(start, at)).trim();
        this.#text = '';
        if (text === '') throw this.#error(`"${this.#name}" has no value`);
        yield { name: this.#name, text, line: this.#memberLine };
        this.#state = character === ',' ? 'needName' : 'outside';
        if (character === '}') yield END;
      } else if (!/\s/.test(character)) {
        const next = this.#step(character);
        if (next === 'value') start = at + 1;
        if (next === 'name') start = at;
        if (next === 'outside' && character === '}') yield END;
      }
    }

    if (this.#state === 'name' || this.#state === 'value') this.#text += chunk.slice(start);
  }

  /** @throws InputError when the input ended within an object */
  end(): void {
    if (this.#state !== 'outside') throw this.#error('the input ends in the middle of an object');
  }

  /** @param chunk the chunk that could not be decoded */
  notUtf8(chunk: Buffer = Buffer.alloc(0)): InputError {
    const [before = ''] = chunk.toString().split('\uFFFD', 1);
    this.#line += before.split('\n').length - 1;
    return this.#error('it is not valid UTF-8, so it is not JSON');
  }

  /** Takes a character between tokens, and returns the state after it. */
  #step(character: string): State {
    const state = this.#state;
    if (state === 'outside' && character === '{') this.#state = 'between';
    else if ((state === 'between' || state === 'needName') && character === '"') {
      this.#state = 'name';
      this.#memberLine = this.#line;
      this.#escaped = false;
      this.#inString = false;
      this.#stringEnds(character);
    } else if (state === 'between' && character === '}') this.#state = 'outside';
    else if (state === 'afterName' && character === ':') {
      this.#state = 'value';
      this.#depth = 0;
      this.#inString = false;
    } else throw this.#error(`expected ${EXPECTED[state]}, found ${JSON.stringify(character)}`);
    return this.#state;
  }

  #stringEnds(character: string): boolean {
    if (this.#escaped) this.#escaped = false;
    else if (character === '\\') this.#escaped = true;
    else if (character === '"') {
      this.#inString = !this.#inString;
      return !this.#inString;
    }

    return false;
  }

  #valueEnds(character: string): boolean {
    if (this.#inString || character === '"') {
      this.#stringEnds(character);
      return false;
    }

    if (this.#depth === 0 && (character === ',' || character === '}')) return true;
    if (character === '{' || character === '[') this.#depth++;
    if (character === '}' || character === ']') this.#depth--;
    if (this.#depth < 0) throw this.#error(`"${this.#name}" has an unmatched closing bracket`);
    return false;
  }

  #parseName(text: string): string {
    let name: string;
    try {
      name = JSON.parse(text) as string;
    } catch {
      throw this.#error(`${text} is not a JSON string`);
    }

    if (isUtf8Key(name)) return name;
    throw this.#error(`${text} holds half of a surrogate pair`);
  }

  #error(what: string): InputError {
    return new InputError(
      `line ${this.#line}: ${what}`,
      'The input is JSON objects of keys and values, or one {"key", "value", "ttl"} to a line.',
    );
  }
}

const END: Member = { name: undefined, text: '', line: 0 };

const EXPECTED: Readonly<Record<State, string>> = {
  afterName: 'a colon',
  between: 'a name in quotes or }',
  name: '',
  needName: 'a name in quotes',
  outside: 'an object',
  value: '',
};
