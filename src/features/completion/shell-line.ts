/** A command line up to the cursor, split as the shell splits it. */
export interface ShellLine {
  /** Words without their quoting; the last one is at the cursor. */
  readonly words: readonly string[];
  /** The last word as it was typed, quotes and backslashes included. */
  readonly raw: string;
  /** The quote that is still open at the cursor. */
  readonly quote: '"' | "'" | '';
}

/** Splits the line of a POSIX shell or of fish. Expansions (`$HOME`, `*`) stay as typed. */
export function splitLine(line: string): ShellLine {
  const words: string[] = [];
  let word = '';
  let start = 0;
  let isWord = false;
  let quote: ShellLine['quote'] = '';
  for (let index = 0; index < line.length; index++) {
    const character = line[index]!;
    if (quote === '' && SPACE.test(character)) {
      if (isWord) words.push(word);
      word = '';
      isWord = false;
      start = index + 1;
      continue;
    }

    isWord = true;
    if (character === quote) quote = '';
    else if (quote === '' && (character === '"' || character === "'")) quote = character;
    else if (character === '\\' && escapes(line[index + 1], quote)) word += line[++index];
    else word += character;
  }

  return { words: [...words, word], raw: line.slice(start), quote };
}

/**
 * What to insert in bash for each candidate in place of the text that it completes. Bash inserts it as it is, and
 * begins that text within the word, behind an open quote or one of COMP_WORDBREAKS, which has the colon.
 * @param completed the text that bash completes: the second argument of a completion function
 */
export function bashInsertion({ words, raw, quote }: ShellLine, completed: string, candidate: string): string {
  const typed = words.at(-1)!;
  const kept = raw.endsWith(completed) ? raw.length - completed.length : 0;
  return (raw + quoted(candidate.slice(typed.length), quote)).slice(kept);
}

const SPACE = /\s/;

function escapes(next: string | undefined, quote: ShellLine['quote']): next is string {
  return next !== undefined && (quote === '' || (quote === '"' && /["$\\`]/.test(next)));
}

function quoted(text: string, quote: ShellLine['quote']): string {
  if (quote === "'") return text.replaceAll("'", String.raw`'\''`);
  if (quote === '"') return text.replaceAll(/["$\\`]/g, String.raw`\$&`);
  return text.replaceAll(/[^\w\-./:=@%+,\u0080-\uFFFF]/g, String.raw`\$&`);
}
