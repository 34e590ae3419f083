import { type Document, LineCounter, parseDocument, type YAMLError } from 'yaml';

import { ConfigError } from '../../errors.js';
import { quote } from '../settings.js';

/** A parsed file that can report locations. */
export interface Source {
  readonly document: Document;
  /** `cachectl.yaml:7` */
  where(offset: number): string;
}

/**
 * Parse YAML 1.2 with merge keys.
 * @throws ConfigError with file and line, which quotes nothing but keys
 */
export function parseSource(text: string, file: string): Source {
  const lineCounter = new LineCounter();
  const where = (offset: number) => `${file}:${lineAt(lineCounter, offset)}`;
  const document = parseDocument(hideExpressions(text), { lineCounter, merge: true, prettyErrors: false });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw syntaxError(problem, text, where(problem.pos[0]));
  return { document, where };
}

/** Restore the expressions in a text of the file. */
export function showExpressions(text: string): string {
  return text.replaceAll(`$${OPEN}`, '${').replaceAll(CLOSE, '}');
}

/**
 * Inside `{ }` and `[ ]`, YAML would read the braces of `${NAME}` as its own. Replace them by two characters of the
 * private use area, one for one, so that offsets stay the same.
 */
function hideExpressions(text: string): string {
  return text.replaceAll(/\$\$|\$\{([^{}\n]*)\}/g, (expression, body: string | undefined) =>
    body === undefined ? expression : `$${OPEN}${body}${CLOSE}`,
  );
}

const OPEN = '\uE000';
const CLOSE = '\uE001';

function lineAt(lineCounter: LineCounter, offset: number): number {
  return Math.max(1, lineCounter.linePos(offset).line);
}

/** The library's messages quote the text, which may be a password. */
function syntaxError(problem: YAMLError, text: string, where: string): ConfigError {
  const offset = problem.pos[0];
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1).split('\n', 1)[0]!;
  if (problem.code === 'TAB_AS_INDENT' || /^ *\t/.test(line)) {
    return new ConfigError(`${where}: indented with a tab`, 'YAML is indented with spaces: replace the tab.');
  }

  if (problem.code === 'DUPLICATE_KEY') {
    // Without a colon, it may be a password in braces.
    const key = /^["']?([\w.-]+)["']?\s*:/.exec(text.slice(offset))?.[1];
    const named = key === undefined ? 'a key' : `the key ${quote(key)}`;
    return new ConfigError(`${where}: ${named} is repeated here`, 'Keep one of the two.');
  }

  const [message, hint] = SYNTAX[problem.code] ?? ['this is not valid YAML', QUOTE_HINT];
  return new ConfigError(`${where}: ${message}`, hint);
}

const QUOTE_HINT = 'Check the indentation and the brackets, and put quotes around values with special characters.';

const SYNTAX: Partial<Record<YAMLError['code'], readonly [message: string, hint: string]>> = {
  BAD_DQ_ESCAPE: [
    'a backslash escape that YAML does not know',
    'Use single quotes: between them a backslash is a backslash.',
  ],
  BAD_INDENT: [
    'the indentation does not fit, or a bracket opened before is not closed',
    'Indent the keys of one map by the same number of spaces, and close every [ and {.',
  ],
  BAD_SCALAR_START: ['a value that begins with a special character', 'Put quotes around the value.'],
  BLOCK_AS_IMPLICIT_KEY: ['a second ": " on one line', 'Put quotes around the value, or begin a new line for the key.'],
  MISSING_CHAR: [
    'something is missing before this place: a closing quote, or the colon of a key',
    'Close every quote, and write keys as "key: value".',
  ],
  MULTILINE_IMPLICIT_KEY: [
    'a line that is not "key: value"',
    'Write keys as "key: value", with a space after the colon.',
  ],
  MULTIPLE_DOCS: ['a second document begins', 'Keep all profiles in one document, without "---" between them.'],
  // The library's code for an exhausted stack.
  RESOURCE_EXHAUSTION: ['nested too deeply', 'A profile is two levels of keys, with maps and lists below.'],
  TAG_RESOLVE_FAILED: [
    'an unknown tag (a word that begins with "!")',
    'Put quotes around the value if the "!" is part of it.',
  ],
};
