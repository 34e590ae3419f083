import { lstatSync, type Stats, statSync } from 'node:fs';
import path from 'node:path';

import { ConfigError } from '../../errors.js';

/**
 * Refuse what would run code if other users can write the profile file. Its group may write it if that is the user's
 * own primary group: a umask of 002 creates such files where each user has a private group.
 * @param found the file, if it was found and not named; a named one is trusted
 * @param consequence for the message: `its driver module is not loaded`
 * @throws ConfigError
 */
export function requireTrusted(found: string | undefined, consequence: string): void {
  // Windows has no such permissions.
  if (found === undefined || process.getuid === undefined) return;
  const fault = faultOf(found);
  if (fault === undefined) return;
  const [problem, remedy] = fault;
  throw new ConfigError(`${problem}, so ${consequence}`, `${remedy} --config ${found}`);
}

function faultOf(file: string): readonly [problem: string, remedy: string] | undefined {
  const name = `the profile file ${file}`;
  // Relative paths start at the folder of a symbolic link, so its owner counts too.
  if (isForeign(lstatSync(file)) || isForeign(statSync(file))) {
    return [`${name} belongs to another user`, 'If you trust it, name it:'];
  }

  if (isWritable(statSync(file))) {
    return [`${name} is writable by other users`, `Run "chmod go-w ${file}", or name the file if you trust it:`];
  }

  const folder = path.dirname(file);
  const { mode } = statSync(folder);
  // In a folder with the sticky bit, users can replace only their own files.
  if ((mode & OTHERS_WRITE) === 0 || (mode & STICKY) !== 0) return undefined;
  return [
    `${name} is in a folder that is writable by other users`,
    `Run "chmod o-w ${folder}", or name the file if you trust it:`,
  ];
}

const STICKY = 0o1000;
const GROUP_WRITE = 0o020;
const OTHERS_WRITE = 0o002;

function isForeign({ uid }: Stats): boolean {
  return uid !== 0 && uid !== process.getuid!();
}

function isWritable({ gid, mode }: Stats): boolean {
  return (mode & OTHERS_WRITE) !== 0 || ((mode & GROUP_WRITE) !== 0 && gid !== process.getgid!());
}
