import { chmod, readFile, realpath, rename, stat, writeFile } from 'node:fs/promises';
import { isMap, isScalar, type Pair } from 'yaml';

import type { Draft } from './draft.js';

import { ConfigError, UsageError } from '../../../errors.js';
import { parseSource } from '../../../profiles/file/source.js';
import { systemReason } from '../../../system-errors.js';

/** What happens to the file. */
export type Change = 'added' | 'created' | 'replaced';

/** The text of a profile file, with a profile added. All other bytes of an existing file stay. */
export interface NewText {
  readonly text: string;
  readonly change: Change;
}

/** Undefined if there is no such file. @throws ConfigError */
export async function existingText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ConfigError(`cannot read ${file}: ${systemReason(error)}`, 'Name another file with --config.');
  }
}

export function newFile(draft: Draft): NewText {
  const head = `# Profiles of cachectl. "cachectl profile:show" explains each setting, "cachectl doctor" checks them.\n`;
  const text = `${head}default: ${draft.name}\n\nprofiles:\n${block(draft, '  ')}`;
  return { text, change: 'created' };
}

/**
 * Add a profile to a file.
 * @param replaces whether a profile of that name may be replaced
 * @throws ConfigError for a file that is not valid; UsageError if the name is taken, or if only a person can add to it
 */
export function withProfile(text: string, shown: string, draft: Draft, replaces: boolean): NewText {
  // Checks the syntax, and keeps offsets.
  const { document } = parseSource(text, shown);
  if (document.contents === null) {
    const end = text === '' || text.endsWith('\n') ? '' : '\n';
    return { text: `${text}${end}${newFile(draft).text}`, change: 'added' };
  }

  const profiles: unknown = document.get('profiles', true);
  const first = isMap(profiles) ? (profiles.items[0] as Pair | undefined) : undefined;
  if (!isMap(profiles) || profiles.flow || !isScalar(first?.key)) {
    throw new UsageError(
      `${shown} has no block of profiles to add one to`,
      `Add it by hand, or write another file with --config FILE. The profile:\n${block(draft, '    ')}`.trimEnd(),
    );
  }

  const indent = ' '.repeat(first.key.range![0] - lineStart(text, first.key.range![0]));
  const same = profiles.items.find(({ key }) => isScalar(key) && String(key.value) === draft.name);
  const addition = block(draft, indent);
  if (same === undefined) {
    const end = contentEnd(text, profiles.range![1]);
    return {
      text: `${text.slice(0, end)}${text[end - 1] === '\n' ? '' : '\n'}\n${addition}${text.slice(end)}`,
      change: 'added',
    };
  }

  if (!replaces) {
    throw new UsageError(
      `${shown} already has a profile ${draft.name}`,
      'Give another name: cachectl profile:init NAME. --force replaces the profile.',
    );
  }

  const start = lineStart(text, (same.key as { range: [number, number, number] }).range[0]);
  const value = same.value as { range?: [number, number, number] } | null;
  const end = contentEnd(text, value?.range?.[1] ?? text.indexOf('\n', start));
  return { text: text.slice(0, start) + addition + text.slice(end), change: 'replaced' };
}

/** Write it: a new file readable by this user only, an existing one with its mode. @throws ConfigError */
export async function writeProfileFile(file: string, { text, change }: NewText): Promise<void> {
  try {
    if (change === 'created') return await writeFile(file, text, { flag: 'wx', mode: 0o600 });
    const target = await realpath(file);
    const aside = `${target}.${process.pid}`;
    const { mode } = await stat(target);
    await writeFile(aside, text, { flag: 'wx', mode: 0o600 });
    await chmod(aside, mode & 0o777);
    await rename(aside, target);
  } catch (error) {
    throw new ConfigError(`cannot write ${file}: ${systemReason(error)}`, 'Name another file with --config.');
  }
}

function block({ name, yaml }: Draft, indent: string): string {
  const key = /^[A-Za-z][\w.-]*$/.test(name) ? name : JSON.stringify(name);
  const lines = yaml.split('\n').filter((line) => line !== '');
  return `${indent}${key}:\n${lines.map((line) => `${indent}  ${line}\n`).join('')}`;
}

function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

/** The end of the last line that has content before `offset`, with its line break: comments behind belong to what follows. */
function contentEnd(text: string, offset: number): number {
  const last = text.slice(0, offset).trimEnd().length;
  const end = text.indexOf('\n', last);
  return end === -1 ? text.length : end + 1;
}
