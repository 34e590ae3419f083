import type { FlagInput } from '@oclif/core/interfaces';

/** Flags by name, as far as parsing needs them. */
export type KnownFlags = Readonly<Record<string, Pick<FlagInput[string], 'char' | 'type'>>>;

/**
 * Normalize a command line: the command id comes first, with colons. `lock run x`, `help lock run`, `-h`, `-V` and
 * `--url U get k` become `lock:run x`, `lock:run --help`, `--help`, `--version` and `get --url U k`.
 * @param ids of all commands
 * @returns a line that starts with a command id, or `TOPIC`, `TOPIC --help`, `--help`, `--version`, or empty
 * @throws UsageError for any other line
 */
export async function normalizedArgv(argv: readonly string[], ids: readonly string[]): Promise<readonly string[]> {
  const [first, ...rest] = argv;
  if (first === undefined) return [];
  if (VERSION.has(first)) return ['--version'];
  if (first === 'help' || isHelpFlag(first)) return helpOn(rest, ids);
  if (isFlag(first)) return withFlagsMoved(argv, ids);
  const length = commandLength(argv, ids);
  if (length > 0) return [argv.slice(0, length).join(':'), ...argv.slice(length)];
  if (!isTopic(first, ids) || rest.length > 0) {
    if (isTopic(first, ids) && rest.length === 1 && isHelpFlag(rest[0]!)) return [first, '--help'];
    await refuse(argv, ids);
  }

  return argv;
}

/**
 * Insert `--` before the command line of another program (`lock:run NAME`, `remember KEY`), so that its flags are not
 * parsed.
 * @param argv without the command
 */
export function withProgramSeparated(argv: readonly string[], flags: KnownFlags): readonly string[] {
  const name = wordAt(argv, flags);
  if (argv[name] === '--') return argv;
  const program = wordAt(argv, flags, name + 1);
  if (program >= argv.length || argv[program] === '--') return argv;
  return [...argv.slice(0, program), '--', ...argv.slice(program)];
}

const VERSION: ReadonlySet<string> = new Set(['--version', '-V', '-v', 'version']);

function isHelpFlag(word: string): boolean {
  return word === '--help' || word === '-h';
}

async function helpOn(words: readonly string[], ids: readonly string[]): Promise<readonly string[]> {
  const named = words.filter((word) => !isFlag(word));
  const [first] = named;
  if (first === undefined) return ['--help'];
  const length = commandLength(named, ids);
  if (length > 0) return [named.slice(0, length).join(':'), '--help'];
  if (!isTopic(first, ids) || named.length > 1) await refuse(named, ids);
  return [first, '--help'];
}

/** Global flags may come before the command. Move them behind it. */
async function withFlagsMoved(argv: readonly string[], ids: readonly string[]): Promise<readonly string[]> {
  const { globalFlags } = await import('./flags.js');
  const at = wordAt(argv, globalFlags);
  const flags = argv.slice(0, at);
  const [command, ...rest] = await normalizedArgv(argv.slice(at), ids);
  if (command !== undefined && ids.includes(command)) return [command, ...flags, ...rest];
  const { UsageError } = await import('../errors.js');
  throw new UsageError('missing command', 'List the commands with: cachectl help');
}

async function refuse(words: readonly string[], ids: readonly string[]): Promise<never> {
  const { unknownCommand } = await import('./unknown-command.js');
  throw unknownCommand(words, ids);
}

/** How many words form a command id; 0 if they do not. */
function commandLength(words: readonly string[], ids: readonly string[]): number {
  let id = '';
  for (const [index, word] of words.entries()) {
    id = index === 0 ? word : `${id}:${word}`;
    if (ids.includes(id)) return index + 1;
    if (!isTopic(id, ids)) return 0;
  }

  return 0;
}

function isTopic(word: string, ids: readonly string[]): boolean {
  return ids.some((id) => id.startsWith(`${word}:`));
}

/** The index of the next word that is neither a flag nor a flag's value. `--` counts as a word. */
function wordAt(argv: readonly string[], flags: KnownFlags, from = 0): number {
  let at = from;
  while (at < argv.length && isFlag(argv[at]!)) at += takesNextWord(argv[at]!, flags) ? 2 : 1;
  return at;
}

function isFlag(word: string): boolean {
  return word.startsWith('-') && word !== '-' && word !== '--';
}

function takesNextWord(word: string, flags: KnownFlags): boolean {
  const named = word.startsWith('--')
    ? flags[word.slice(2)]
    : Object.values(flags).find(({ char }) => `-${char}` === word);
  return named?.type === 'option';
}
