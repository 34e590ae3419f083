import type { Manifest } from '@oclif/core/interfaces';

/** What the word at the cursor stands for. */
export type Target = Choice | { readonly kind: 'file' } | { readonly kind: 'program'; readonly at: number } | Named;

/** One of a fixed list. */
export interface Choice {
  readonly kind: 'choice';
  readonly choices: readonly Candidate[];
}

/** A name that the store or the profile file knows. */
export interface Named {
  readonly kind: NameKind;
  /** The part of the word before the name: `--tags=a,`. */
  readonly head: string;
  /** The beginning of the name, as typed. */
  readonly typed: string;
  /** Names that the command line already contains. */
  readonly taken: readonly string[];
  readonly flags: StoreFlags;
}

export type NameKind = 'key' | 'lock' | 'profile' | 'tag';

/** The flags on the command line that select the store. */
export type StoreFlags = Readonly<Partial<Record<(typeof STORE_FLAGS)[number], string>>>;

export interface Candidate {
  readonly value: string;
  readonly about?: string;
  /** More follows, so the shell adds no space. */
  readonly isPartial?: boolean;
}

type Commands = Manifest['commands'];
type Cached = Commands[string];
type Flag = Cached['flags'][string];
type HasFlags = Pick<Cached, 'flags'>;

const STORE_FLAGS = ['profile', 'config', 'url', 'laravel'] as const;

/**
 * What can stand at the cursor; undefined where anything can.
 * @param words up to the cursor, without the program; the last may be empty
 */
export function targetOf(words: readonly string[], commands: Commands): Target | undefined {
  const word = words.at(-1) ?? '';
  const inFront = readWords({ flags: globalsOf(commands) }, words.slice(0, -1), 0);
  const [first] = inFront.positionals;
  if (first === undefined) {
    if (inFront.pending !== undefined) return valueOf(inFront.pending, '', word, inFront);
    return isFlag(word)
      ? { kind: 'choice', choices: flagsOf({ flags: globalsOf(commands) }, inFront.given) }
      : { kind: 'choice', choices: commandsBelow([], commands, false) };
  }

  const before = words.slice(first.at, -1);
  const isHelp = before[0] === 'help';
  const named = isHelp ? before.slice(1) : before;
  const length = commandLength(named, commands);
  if (length === 0) return { kind: 'choice', choices: commandsBelow(named, commands, isHelp) };
  if (isHelp) return undefined;
  const command = commands[named.slice(0, length).join(':')]!;
  // Flags before the command are parsed as if they followed it.
  const arranged = [...before.slice(0, length), ...words.slice(0, first.at), ...before.slice(length)];
  return withinCommand(command, arranged, length, word);
}

function withinCommand(command: Cached, before: readonly string[], length: number, word: string): Target | undefined {
  const { runsProgram } = command as { readonly runsProgram?: boolean };
  const typed = readWords(command, before, length);
  const { pending, given, positionals, isOver } = typed;
  const [, program = before.length] = positionals.map(({ at }) => at);
  if (runsProgram && (positionals.length > 1 || (positionals.length === 1 && isOver)))
    return { kind: 'program', at: program };
  if (pending !== undefined) return valueOf(pending, '', word, typed);
  if (!isOver && isFlag(word)) {
    const { flag, value } = flagOf(command, word);
    if (value === undefined) return { kind: 'choice', choices: flagsOf(command, given) };
    return flag && valueOf(flag, word.slice(0, word.length - value.length), value, typed);
  }

  if (runsProgram && positionals.length > 0) return { kind: 'program', at: program };
  const argument = argumentOf(command, word, typed);
  if (argument !== undefined || word !== '' || isOver) return argument;
  return { kind: 'choice', choices: flagsOf(command, given) };
}

/** The words between a command and the cursor. */
interface Typed {
  /** Flags by name, with their values. */
  readonly given: ReadonlyMap<string, string>;
  readonly positionals: ReadonlyArray<{ readonly word: string; readonly at: number }>;
  /** A flag whose value is at the cursor. */
  readonly pending: Flag | undefined;
  /** After `--`, which ends the flags. */
  readonly isOver: boolean;
}

function readWords(command: HasFlags, before: readonly string[], from: number): Typed {
  const given = new Map<string, string>();
  const positionals: Array<Typed['positionals'][number]> = [];
  let isOver = false;
  for (let at = from; at < before.length; at++) {
    const word = before[at]!;
    const { flag, value } = isOver || !isFlag(word) ? {} : flagOf(command, word);
    if (flag?.type === 'option' && value === undefined) {
      if (at + 1 === before.length) return { given, positionals, pending: flag, isOver };
      given.set(flag.name, before[++at]!);
    } else if (flag !== undefined) given.set(flag.name, value ?? '');
    else if (word === '--' && !isOver) isOver = true;
    else if (isOver || !isFlag(word)) positionals.push({ word, at });
  }

  return { given, positionals, pending: undefined, isOver };
}

function argumentOf(command: Cached, word: string, { given, positionals }: Typed): Target | undefined {
  const args = Object.values(command.args);
  const last = args.at(-1);
  const arg = args[positionals.length] ?? (last?.multiple ? last : undefined);
  if (arg === undefined) return undefined;
  if (arg.options !== undefined) return { kind: 'choice', choices: arg.options.map((value) => ({ value })) };
  if (arg.name === 'file') return { kind: 'file' };
  const kind = nameKindOf(command.id, arg.name);
  // The keys within tags cannot be listed.
  if (kind === undefined || (kind === 'key' && given.has('tags'))) return undefined;
  return { kind, head: '', typed: word, taken: positionals.map((one) => one.word), flags: storeFlags(given) };
}

function nameKindOf(id: string, arg: string): NameKind | undefined {
  if (arg === 'key') return 'key';
  if (arg !== 'name') return undefined;
  return id.startsWith('lock:')
    ? 'lock'
    : id.startsWith('tags:')
      ? 'tag'
      : id.startsWith('profile:')
        ? 'profile'
        : undefined;
}

/** @param head the part of the word before the value */
function valueOf(flag: Flag, head: string, value: string, { given, positionals }: Typed): Target | undefined {
  const { name, helpValue, options } = flag as Flag & { helpValue?: string; options?: readonly string[] };
  if (options) return { kind: 'choice', choices: options.map((option) => ({ value: head + option })) };
  if (helpValue === 'FILE' || helpValue === 'DIR') return { kind: 'file' };
  const flags = storeFlags(given);
  if (name === 'profile' || helpValue === 'PROFILE') return { kind: 'profile', head, typed: value, taken: [], flags };
  if (name !== 'tags' && name !== 'tag') return undefined;
  const comma = name === 'tags' ? value.lastIndexOf(',') + 1 : 0;
  const taken = [...value.slice(0, comma).split(','), ...positionals.map(({ word }) => word)];
  return { kind: 'tag', head: head + value.slice(0, comma), typed: value.slice(comma), taken, flags };
}

function flagsOf({ flags }: HasFlags, given: ReadonlyMap<string, string>): readonly Candidate[] {
  const possible = Object.values(flags).filter((flag) => !flag.hidden && !isRuledOut(flag, flags, given));
  return [
    ...possible
      .toSorted((one, other) => Number(one.helpGroup !== undefined) - Number(other.helpGroup !== undefined))
      .map(({ name, summary }) => ({ value: `--${name}`, about: summary ?? '' })),
    { value: '--help', about: 'Show this help.' },
  ];
}

function isRuledOut(flag: Flag, flags: Cached['flags'], given: ReadonlyMap<string, string>): boolean {
  if (given.has(flag.name)) return flag.type !== 'option' || !flag.multiple;
  return [...given.keys()].some(
    (name) => flag.exclusive?.includes(name) || flags[name]?.exclusive?.includes(flag.name),
  );
}

/** The flag that a word names, and the value after its equals sign. */
function flagOf({ flags }: HasFlags, word: string): { flag: Flag | undefined; value: string | undefined } {
  const equals = word.indexOf('=');
  const name = equals === -1 ? word : word.slice(0, equals);
  const flag = name.startsWith('--')
    ? flags[name.slice(2)]
    : Object.values(flags).find(({ char }) => char !== undefined && name === `-${char}`);
  return { flag, value: equals === -1 ? undefined : word.slice(equals + 1) };
}

/** The flags that may precede a command. */
function globalsOf(commands: Commands): Cached['flags'] {
  const flags = Object.values(commands).flatMap((command) => Object.values(command.flags));
  return Object.fromEntries(flags.filter(({ helpGroup }) => helpGroup !== undefined).map((flag) => [flag.name, flag]));
}

function storeFlags(given: ReadonlyMap<string, string>): StoreFlags {
  return Object.fromEntries(STORE_FLAGS.flatMap((name) => (given.has(name) ? [[name, given.get(name)!]] : [])));
}

function isFlag(word: string): boolean {
  return word.startsWith('-') && word !== '-';
}

/** How many words form a command id; 0 if they do not. */
function commandLength(words: readonly string[], commands: Commands): number {
  const lengths = words.slice(0, 3).map((_, index) => index + 1);
  return lengths.find((length) => Object.hasOwn(commands, words.slice(0, length).join(':'))) ?? 0;
}

/** The next word of each command that begins with these words. */
function commandsBelow(words: readonly string[], commands: Commands, isHelp: boolean): readonly Candidate[] {
  const head = words.map((word) => `${word}:`).join('');
  const below = Object.values(commands)
    .filter(({ id, hidden }) => !hidden && id.startsWith(head))
    .map(({ id, summary }) => ({ value: id.slice(head.length), about: summary ?? '' }));
  return head === '' && !isHelp ? [...below, { value: 'help', about: 'Show the help of a command.' }] : below;
}
