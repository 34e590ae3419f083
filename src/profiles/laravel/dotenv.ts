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
  const lookUp = (name: string): string | undefined => outer[name] ?? found.get(name)?.value;
  const entry = new RegExp(ENTRY);
  let index = text.startsWith('\uFEFF') ? 1 : 0;
  while (index < text.length) {
    entry.lastIndex = index;
    const match = entry.exec(text);
    const line = lineAt(text, index);
    if (match === null) throw new DotenvError(line);
    index = entry.lastIndex;
    const { name, single, double, bare } = match.groups!;
    if (name === undefined) continue;
    const at = lineAt(text, match.index + match[0].search(/\S/));
    found.set(name, { value: valueOf({ single, double, bare }, lookUp), line: at });
  }

  return found;
}

/** An invalid line of a `.env` file. */
export class DotenvError extends Error {
  constructor(readonly line: number) {
    super(`line ${line} is not NAME=value`);
  }
}

/** A blank line, a comment, or an assignment. Quoted values may span lines; others hold no spaces and end at a `#`. */
const ENTRY = new RegExp(
  String.raw`[^\S\n]*(?:#[^\n]*|(?:export\s+)?['"]?(?<name>[\w.]+)['"]?[^\S\n]*` +
    String.raw`(?:=[^\S\n]*(?:'(?<single>[^']*)'|"(?<double>(?:\\.|[^"\\])*)"|(?<bare>[^\s#'"][^\s#]*)?)` +
    String.raw`[^\S\n]*(?:#[^\n]*)?)?)?\r?(?:\n|$)`,
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

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
