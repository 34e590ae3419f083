import type { Command } from '@oclif/core/command';
import type { Manifest } from '@oclif/core/interfaces';

import { wrap } from '../terminal/wrap.js';
import { commandsOf } from './manifest.js';
import { type AnyFlag, usageLine, valueWords } from './usage-line.js';

/**
 * The help of a command, a topic or the program, from oclif's manifest, so that no command is loaded.
 * @param root the folder of oclif.manifest.json
 */
export function helpText(root: string, what: string | undefined, overview?: Overview): string {
  const commands = commandsOf(root);
  if (what !== undefined && Object.hasOwn(commands, what)) return commandHelp(commands[what]!);
  return what === undefined ? programHelp(commands, overview) : topicHelp(what, commands);
}

/** What the program knows of its user's set-up: for `cachectl` alone. */
export interface Overview {
  /** The store that commands would use, and why. */
  readonly store: readonly string[];
  /** Commands and what each does. */
  readonly next: Rows;
}

function programHelp(commands: Manifest['commands'], overview?: Overview): string {
  const grouped = new Set(Object.values(GROUPS).flat());
  const others = Object.keys(commands).filter((id) => !grouped.has(id));
  const groups = Object.entries({ ...GROUPS, OTHER: others }).filter(([, ids]) => ids.length > 0);
  return page([
    'Read, write and watch the caches of your applications. Entries, tags and locks are stored as Laravel stores them.',
    ...(overview === undefined
      ? []
      : [
          section(
            'STORE',
            overview.store.map((line) => [line]),
          ),
          section('NEXT', overview.next),
        ]),
    section('USAGE', [['cachectl COMMAND [ARGUMENTS] [FLAGS]']]),
    ...groups.map(([title, ids]) => section(title, summaries(ids, commands), ID_WIDTH)),
    section('START HERE', [
      ...(overview === undefined ? [['cachectl doctor', 'Check that the store can be used']] : []),
      ['cachectl help get', 'Show the help of a command'],
    ]),
  ]);
}

function topicHelp(topic: string, commands: Manifest['commands']): string {
  const ids = Object.keys(commands).filter((id) => id.startsWith(`${topic}:`));
  return page([
    section('USAGE', [[`cachectl ${topic}:COMMAND [ARGUMENTS] [FLAGS]`]]),
    section('COMMANDS', summaries(ids, commands)),
  ]);
}

function summaries(ids: readonly string[], commands: Manifest['commands']): Rows {
  return ids.flatMap((id) => (commands[id] === undefined ? [] : [[id, commands[id].summary ?? '']]));
}

function commandHelp(command: Command.Cached): string {
  const flags = Object.values(command.flags).filter(({ hidden }) => hidden !== true);
  const args = Object.values(command.args).filter(({ hidden }) => hidden !== true);
  const own = flags.filter(({ helpGroup }) => helpGroup === undefined).map((flag) => flagRow(flag));
  const global = [...flags.filter(({ helpGroup }) => helpGroup !== undefined).map((flag) => flagRow(flag)), HELP];
  const width = Math.min(MAX_LEFT_WIDTH, Math.max(...[...own, ...global].map(([words = '']) => words.length)));
  return page([
    [command.summary, command.description].filter(Boolean).join('\n\n'),
    section('USAGE', [[usageLine(command.id, command)]]),
    section(
      'ARGUMENTS',
      args.map((arg) => [argumentWord(arg), arg.description ?? '']),
    ),
    section('FLAGS', own, width),
    section('GLOBAL FLAGS', global, width),
    examples(command.examples ?? []),
  ]);
}

/** `KEY...` */
export function argumentWord({ name, multiple }: Command.Arg.Cached): string {
  return `${name.toUpperCase()}${multiple ? '...' : ''}`;
}

const HELP = ['-h, --help', 'Show this help.'];

/** A flag with its short form and its value, and what it does. */
export function flagRow(flag: AnyFlag): string[] {
  const name = `${flag.char === undefined ? '   ' : `-${flag.char},`} --${flag.name}`;
  const [value] = valueWords(flag);
  const isNamed = flag.type !== 'option' || flag.options === undefined || value === flag.options.join('|');
  const options = isNamed ? [] : [`One of: ${flag.options!.join(', ')}.`];
  const text = [flag.summary, ...options].join(' ');
  const hasDefault = flag.type === 'option' && flag.default !== undefined;
  return [
    [name, value].filter(Boolean).join(' '),
    hasDefault ? `${text.replace(/\.$/, '')} (default: ${String(flag.default)}).` : text,
  ];
}

function examples(given: readonly Command.Example[]): string {
  const shown = given.map((example) => {
    const { command, description } = typeof example === 'string' ? { command: example, description: '' } : example;
    return `  ${wrap(description, WIDTH - 2, 2)}\n    $ ${command}`;
  });
  return shown.length === 0 ? '' : `EXAMPLES\n${shown.join('\n\n')}`;
}

type Rows = ReadonlyArray<readonly string[]>;

/** Rows of one or two columns; the second wraps at words. */
function section(title: string, rows: Rows, width = Math.max(0, ...rows.map(([left = '']) => left.length))): string {
  if (rows.length === 0) return '';
  const shown = rows.map(([left = '', right]) => {
    if (right === undefined) return `  ${wrap(left, WIDTH - 2, 4)}`;
    const indent = width + 4;
    const text = wrap(right, WIDTH - indent).replaceAll('\n', `\n${' '.repeat(indent)}`);
    return left.length > width ? `  ${left}\n${' '.repeat(indent)}${text}` : `  ${left.padEnd(width)}  ${text}`;
  });
  return `${title}\n${shown.join('\n')}`;
}

function page(parts: readonly string[]): string {
  return `${parts
    .filter((part) => part !== '')
    .map((part, index) => (index === 0 ? wrap(part, WIDTH) : part))
    .join('\n\n')}\n`;
}

/** In columns. */
const WIDTH = Math.min(80, process.stdout.columns || 80);

/** The widest left column. Anything longer gets its own line. */
const MAX_LEFT_WIDTH = 28;

/** The commands, in the order of the list that `cachectl --help` prints. */
export const GROUPS: Readonly<Record<string, readonly string[]>> = {
  'READ AND WRITE': [
    'get',
    'put',
    'add',
    'forget',
    'pull',
    'touch',
    'edit',
    'rename',
    'increment',
    'decrement',
    'remember',
  ],
  INSPECT: ['keys', 'inspect', 'stats', 'top', 'events:tail', 'doctor'],
  'FLUSH AND TRANSFER': ['flush', 'export', 'import', 'copy'],
  TAGS: ['tags:flush', 'tags:list', 'tags:show', 'tags:prune'],
  PROFILES: ['profile:list', 'profile:show', 'profile:check', 'profile:init'],
  LOCKS: ['lock:run', 'lock:acquire', 'lock:refresh', 'lock:release', 'lock:list', 'lock:show', 'lock:watch'],
  SHELL: ['completion'],
};

/** The same for every group, so that summaries line up. */
const ID_WIDTH = Math.max(...Object.values(GROUPS).flatMap((ids) => ids.map((id) => id.length)));
