import { distance } from 'fastest-levenshtein';

import { flagWords, usageLine, type UsageParts } from './usage-line.js';

/** An error of oclif's parser. Some details are in fields, others only in its message. */
export interface ParserError extends Error {
  readonly oclif: { readonly exit?: number };
  readonly parse?: { readonly input?: ParserInput };
  /** Missing or unexpected arguments. */
  readonly args?: ReadonlyArray<
    string | { readonly name: string; readonly multiple?: boolean; readonly options?: readonly string[] }
  >;
  /** Unknown flags. */
  readonly flags?: readonly string[];
}

type ParserInput = UsageParts & { readonly context?: { readonly id?: string } };

export function isParserError(error: unknown): error is ParserError {
  return error instanceof Error && 'oclif' in error && typeof error.oclif === 'object';
}

/** Reword a parser error in two lines. */
export function usageFailure(error: ParserError): Wording {
  const input = error.parse?.input;
  if (error.flags !== undefined) return unknownFlags(error.flags, input);
  const text = error.message
    .split('\n')
    .map((line) => line.trim())
    .join(' ')
    .trim();
  if (error.args !== undefined) {
    const words = error.args.map((arg) => (typeof arg === 'string' ? `"${arg}"` : arg.name.toUpperCase()));
    const what = text.startsWith('Missing') ? 'missing' : 'unexpected';
    return {
      message: `${what} ${words.length === 1 ? 'argument' : 'arguments'} ${words.join(', ')}`,
      hint: choiceHint(error.args) ?? usageHint(input),
    };
  }

  for (const [pattern, wording] of WORDINGS) {
    const match = pattern.exec(text);
    if (match !== null) return wording(match.slice(1) as string[], input);
  }

  return { message: text.replace(/ *See more help with --help$/, ''), hint: usageHint(input) };
}

function choiceHint([arg, more]: NonNullable<ParserError['args']>): string | undefined {
  if (typeof arg !== 'object' || arg.options === undefined || more !== undefined) return undefined;
  return `${arg.name.toUpperCase()} is one of: ${arg.options.join(', ')}.`;
}

interface Wording {
  readonly message: string;
  readonly hint: string;
}

/** Details that oclif has only in its messages. The first match counts. */
const WORDINGS: ReadonlyArray<readonly [RegExp, (words: string[], input: ParserInput | undefined) => Wording]> = [
  [
    /Missing required flag (\S+)/,
    ([name = ''], input) => ({ message: `missing flag --${name}`, hint: `Add ${wordsOf(name, input)}.` }),
  ],
  [
    /Exactly one of the following must be provided: ((?:--\S+, )*--\S+)/,
    ([list = ''], input) => {
      const names = list.split(', ').map((flag) => flag.slice(2));
      const words = names.map((name) => wordsOf(name, input));
      return { message: `missing flag --${names.join(' or --')}`, hint: `Add ${words.join(' or ')}.` };
    },
  ],
  [
    /--([\w-]+)(?:=.*?)? cannot also be provided when using --([\w-]+)/,
    ([one = '', other = '']) => ({
      message: `--${one} and --${other} cannot be combined`,
      hint: 'Remove one of them.',
    }),
  ],
  [
    /All of the following must be provided when using --([\w-]+): ((?:--\S+, )*--\S+)/,
    ([name = '', needed = '']) => ({
      message: `--${name} needs ${needed}`,
      hint: `Add ${needed}, or remove --${name}.`,
    }),
  ],
  [
    /Expected --([\w-]+)=(.*) to be one of: (.*?)(?: See more help|$)/,
    ([name = '', value = '', list = '']) => ({
      message: `--${name} does not take "${value}"`,
      hint: optionHint(value, list),
    }),
  ],
  [
    /^Expected (.*) to be one of: (.*?)(?: See more help|$)/,
    ([value = '', list = '']) => ({ message: `unknown argument "${value}"`, hint: optionHint(value, list) }),
  ],
  [
    /Flag --([\w-]+) expects one of these values: (.*?)(?: See more help|$)/,
    ([name = '', list = '']) => ({ message: `--${name} needs a value`, hint: `Use one of: ${list}.` }),
  ],
  [
    /Flag --([\w-]+) expects a value/,
    ([name = '']) => ({ message: `--${name} needs a value`, hint: `Write a value after --${name}.` }),
  ],
  [
    /Flag --([\w-]+) can only be specified once/,
    ([name = '']) => ({ message: `--${name} was given more than once`, hint: 'Give it once.' }),
  ],
  [
    /Parsing --([\w-]+) Expected an integer ?(.*?) but received: (.*?)(?: See more help|$)/,
    ([name = '', bound = '', value = '']) => ({
      message: `--${name}: "${value}" is not a whole number${bound === '' ? '' : ` ${bound}`}`,
      hint: `Write a whole number${bound === '' ? '' : ` ${bound}`}.`,
    }),
  ],
];

/** @param list the options, separated by commas */
function optionHint(typed: string, list: string): string {
  const near = nearest(typed, list.split(', '));
  return `${near === undefined ? '' : `Did you mean ${near}? `}Use one of: ${list}.`;
}

function wordsOf(name: string, input: ParserInput | undefined): string {
  const flag = input?.flags[name];
  return flag === undefined ? `--${name}` : flagWords(flag);
}

function usageHint(input: ParserInput | undefined): string {
  const id = input?.context?.id;
  return id === undefined || input === undefined ? 'See the command with --help.' : `Usage: ${usageOf(id, input)}`;
}

/** oclif does not pass a command's custom usage line to the parser. */
function usageOf(id: string, input: ParserInput): string {
  const { usage } = (input.context as { constructor: Partial<UsageParts> }).constructor;
  return usageLine(id, usage === undefined ? input : { ...input, usage });
}

function unknownFlags(flags: readonly string[], input: ParserInput | undefined): Wording {
  const [first = ''] = flags;
  const message = `unknown ${flags.length === 1 ? 'flag' : 'flags'} ${flags.join(', ')}`;
  return { message, hint: hintFor(first, input) ?? DASH_HINT };
}

const DASH_HINT = 'List the flags with --help. Put -- before a key or value that begins with a dash.';

function hintFor(typed: string, input: ParserInput | undefined): string | undefined {
  if (input === undefined || !typed.startsWith('--')) return undefined;
  const word = typed.slice(2);
  const known = Object.keys(input.flags).filter((name) => input.flags[name]!.hidden !== true);
  const present = OTHER_NAMES[word]?.find((name) => known.includes(name));
  if (present !== undefined) return `Use --${present}.`;
  if (PATTERN_NAMES.has(word) && 'pattern' in input.args) return `Write PATTERN without a flag. ${usageHint(input)}`;
  const near = nearest(word, known);
  return near === undefined ? undefined : `Did you mean --${near}?`;
}

/** Earlier names of flags, and names in other tools. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  all: ['all-prefixes', 'all-profiles'],
  'older-than': ['idle-for', 'held-for'],
  key: ['pattern'],
  match: ['pattern'],
  glob: ['pattern'],
  force: ['yes'],
  ex: ['ttl'],
  expire: ['ttl'],
  nx: ['if-absent'],
  count: ['limit'],
  host: ['url'],
};

const PATTERN_NAMES: ReadonlySet<string> = new Set(['pattern', 'key', 'match', 'glob']);

/** Of equally near names, one with the same first letter: it is rarely mistyped. */
function nearest(typed: string, names: readonly string[]): string | undefined {
  const ranked = names
    .map((name) => ({ name, wrong: distance(typed, name), isOtherHead: Number(name[0] !== typed[0]) }))
    .toSorted((a, b) => a.wrong - b.wrong || a.isOtherHead - b.isOtherHead);
  return ranked.find(({ name, wrong }) => wrong <= 2 && wrong < name.length / 2)?.name;
}
