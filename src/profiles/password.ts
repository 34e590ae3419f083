import type { Setting } from './settings.js';

import { Fields, type Folders } from './fields.js';
import { requireTrusted } from './file/trust.js';

/** A command whose standard output is a password. */
export interface PasswordCommand {
  /** A program with its arguments, or a line for the shell. */
  readonly command: string | readonly string[];
  /** The working directory. */
  readonly folder: string;
  /** For messages: `cachectl.yaml:7: passwordCommand of profile shop`. */
  readonly name: string;
}

/** Replace `passwordCommand` by `password`, in `locks` too. @throws ConfigError if both are given, or if the file is not trusted */
export async function withPasswords(
  fields: Fields,
  folders: Folders,
  passwordBy: (command: PasswordCommand) => Promise<string>,
): Promise<Fields> {
  const locks = fields.fields('locks');
  const changed = new Map<string, Setting>();
  if (locks?.has(KEY)) {
    const { entries, where } = await withPasswords(locks, folders, passwordBy);
    changed.set('locks', { kind: 'map', entries, where });
  }

  const setting = fields.entries.get(KEY);
  if (setting !== undefined) {
    if (fields.has('password')) fields.fail(KEY, 'cannot be combined with password', 'Remove one of the two.');
    const command = setting.kind === 'list' ? fields.list(KEY, (text) => text)! : fields.filled(KEY)!;
    const name = `${setting.where}: ${KEY} of ${fields.subject}`;
    requireTrusted(folders.foundFile, `its ${KEY} is not run`);
    const value = await passwordBy({ command, folder: folders.base, name });
    changed.set('password', { kind: 'scalar', value, shown: undefined, where: setting.where });
  }

  if (changed.size === 0) return fields;
  const kept = [...fields.entries].filter(([key]) => key !== KEY);
  return new Fields(new Map([...kept, ...changed]), fields.where, fields.subject);
}

const KEY = 'passwordCommand';
