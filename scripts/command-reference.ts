// Write docs/commands/ from oclif.manifest.json: npm run build && npm run docs
import type { Command } from '@oclif/core/command';
import type { Manifest } from '@oclif/core/interfaces';

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { argumentWord, flagRow, GROUPS } from '../src/runtime/help.js';
import { usageLine } from '../src/runtime/usage-line.js';
import { wrap } from '../src/terminal/wrap.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDER = path.join(ROOT, 'docs', 'commands');

/** Columns. */
const WIDTH = 120;

const { commands } = JSON.parse(readFileSync(path.join(ROOT, 'oclif.manifest.json'), 'utf8')) as Manifest;
const grouped = new Set(Object.values(GROUPS).flat());
const groups: Readonly<Record<string, readonly string[]>> = {
  ...GROUPS,
  OTHER: Object.keys(commands).filter((id) => !grouped.has(id)),
};

rmSync(FOLDER, { force: true, recursive: true });
mkdirSync(FOLDER, { recursive: true });
writeFileSync(path.join(FOLDER, 'README.md'), index());
for (const page of new Set(Object.keys(commands).map((id) => pageOf(id)))) {
  const ids = Object.keys(commands).filter((id) => pageOf(id) === page);
  const title = ids.includes(page) ? [] : [`# ${page}`];
  const sections = ids.map((id) => section(commands[id]!, title.length === 0 ? '#' : '##'));
  writeFileSync(path.join(FOLDER, `${page}.md`), text([...title, ...sections]));
}

/** A page for each command, and for each topic. */
function pageOf(id: string): string {
  return id.split(':', 1)[0]!;
}

function index(): string {
  const lists = Object.entries(groups)
    .filter(([, ids]) => ids.length > 0)
    .map(([title, ids]) => {
      const items = ids.flatMap((id) =>
        commands[id] === undefined ? [] : [`[${id}](${linkTo(id)}): ${commands[id].summary}`],
      );
      return text([`## ${title[0]}${title.slice(1).toLowerCase()}`, list(items)]).trim();
    });
  const global = Object.values(commands.get!.flags).filter(({ helpGroup }) => helpGroup !== undefined);
  return text([
    '# Commands',
    'The same text as `cachectl help COMMAND` prints. `npm run docs` writes these pages.',
    ...lists,
    '## Global flags',
    'Every command that opens a store has them.',
    flagList(global),
  ]);
}

function linkTo(id: string): string {
  return pageOf(id) === id ? `${id}.md` : `${pageOf(id)}.md#${id.replaceAll(':', '')}`;
}

function section(command: Command.Cached, heading: string): string {
  const args = Object.values(command.args).filter(({ hidden }) => hidden !== true);
  const flags = Object.values(command.flags).filter(({ hidden }) => hidden !== true);
  const own = flags.filter(({ helpGroup }) => helpGroup === undefined);
  const hasGlobal = own.length < flags.length;
  return text([
    `${heading} ${command.id}`,
    wrap(command.summary ?? '', WIDTH),
    wrap(command.description ?? '', WIDTH),
    code(usageLine(command.id, command)),
    list(args.map((arg) => `\`${argumentWord(arg)}\`: ${arg.description}`)),
    own.length > 0 ? `${heading}# Flags` : '',
    flagList(own),
    hasGlobal ? `The [global flags](README.md#global-flags) apply, too.` : '',
    (command.examples ?? []).length > 0 ? `${heading}# Examples` : '',
    code((command.examples ?? []).map((each) => example(each)).join('\n\n')),
  ]).trim();
}

function flagList(flags: ReadonlyArray<Command.Flag.Cached>): string {
  return list(
    flags.map((flag) => {
      const [words = '', what = ''] = flagRow(flag);
      return `\`${words.trim()}\`: ${what}`;
    }),
  );
}

function example(given: Command.Example): string {
  if (typeof given === 'string') return given;
  return `# ${given.description}\n${given.command}`;
}

function code(lines: string): string {
  return lines === '' ? '' : `\`\`\`sh\n${lines}\n\`\`\``;
}

function list(items: readonly string[]): string {
  return items.map((item) => `- ${wrap(item, WIDTH - 2, 2)}`).join('\n');
}

function text(parts: readonly string[]): string {
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}
