/** A variable of a `.env` file, and the line that sets it. */
export interface DotenvVariable {
  readonly value: string;
  readonly line: number;
}

/**
 * Parse a `.env` file like Laravel (vlucas/phpdotenv 5): quotes, escapes, comments, multi-line values and `${NAME}`. An
 * undefined `${NAME}` is kept verbatim.
 * @param outer the environment variables, which override the file as in Laravel
 * @throws DotenvError with the line number
 */
export function parseDotenv(
  text: string,
  outer: Readonly<Record<string, string | undefined>>,
): ReadonlyMap<string, DotenvVariable> {
  const found = new Map<string, DotenvVariable>();
  let [line, expanded] = [1, 0];
  const lookUp = (name: string): string | undefined => {
    const value = own(outer, name) ?? found.get(name)?.value;
    // Variables that repeat each other would double at every line.
    expanded += value?.length ?? 0;
    if (expanded > MOST_EXPANDED) throw new DotenvError(line, 'expands variables to more than 1 MiB');
    return value;
  };

  const entry = new RegExp(ENTRY);
  let index = text.startsWith('\uFEFF') ? 1 : 0;
  while (index < text.length) {
    entry.lastIndex = index;
    const match = entry.exec(text);
    if (match === null) throw new DotenvError(line);
    index = entry.lastIndex;
    const { name, single, double, bare } = match.groups!;
    if (name !== undefined) found.set(name, { value: valueOf({ single, double, bare }, lookUp), line });
    line += match[0].split('\n').length - 1;
  }

  return found;
}

/** An invalid line of a `.env` file. */
export class DotenvError extends Error {
  constructor(
    readonly line: number,
    readonly problem = 'is not NAME=value',
  ) {
    super(`line ${line} ${problem}`);
  }
}

/** A variable of the environment. A plain object inherits members that are no variables: constructor, toString. */
export function own(env: Readonly<Record<string, string | undefined>>, name: string): string | undefined {
  return Object.hasOwn(env, name) ? env[name] : undefined;
}

/** In characters, by all values of a file. */
const MOST_EXPANDED = 2 ** 20;

/**
 * A blank line, a comment, or an assignment. Quoted values may span lines; others hold no spaces and end at a `#`. No
 * two repetitions of white space are adjacent, which would take quadratic time.
 */
const ENTRY = new RegExp(
  String.raw`[^\S\n]*(?:#[^\n]*|(?:export\s+)?['"]?(?<name>[\w.]+)['"]?[^\S\n]*` +
    String.raw`(?:=[^\S\n]*(?:(?:'(?<single>[^']*)'|"(?<double>(?:\\.|[^"\\])*)"|(?<bare>[^\s#'"][^\s#]*))[^\S\n]*)?` +
    String.raw`(?:#[^\n]*)?)?)?\r?(?:\n|$)`,
  'suy',
);

type Parts = Readonly<Record<'bare' | 'double' | 'single', string | undefined>>;

function valueOf({ single, double, bare }: Parts, lookUp: (name: string) => string | undefined): string {
  if (single !== undefined) return single;
  if (double === undefined) return interpolated(bare ?? '', lookUp);
  return double
    .split(/(\\[\s\S])/)
    .map((part) => (part.startsWith('\\') ? (ESCAPES[part[1]!] ?? part) : interpolated(part, lookUp)))
    .join('');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  $: '$',
  '\\': '\\',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

function interpolated(text: string, lookUp: (name: string) => string | undefined): string {
  return text.replaceAll(/\$\{([\w.]+)\}/g, (written, name: string) => lookUp(name) ?? written);
}
