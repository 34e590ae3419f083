import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { Finding } from '../../contract/store.js';
import type { FileContext } from '../context.js';
import type { Folder } from '../folder.js';

import { ConfigError, UnreachableError } from '../../../errors.js';
import { systemReason } from '../../../system-errors.js';
import { failed, ok, skipped, warning } from '../../doctor/findings.js';
import { unlessMissing } from '../errors.js';
import { lockProgram } from '../flock.js';

/** Check the folders, the access to them, and the program that takes Laravel's locks on files. */
export async function* checkConnection({ folder, lockFolder }: FileContext): AsyncGenerator<Finding> {
  yield* folderFindings('folder', folder, 'path');
  if (lockFolder !== folder) yield* folderFindings('lock folder', lockFolder, 'lockPath');
  const program = lockProgram();
  yield program === undefined
    ? warning(
        'flock',
        'neither flock nor perl is installed: add, increment, touch, pull and locks do not work',
        'Install flock (package util-linux).',
      )
    : ok('flock', `${program.path} takes the locks on files that Laravel takes`);
}

async function* folderFindings(subject: string, { path }: Folder, key: string): AsyncGenerator<Finding> {
  let stats;
  try {
    stats = await unlessMissing(stat(path));
  } catch (error) {
    yield failed(
      subject,
      new UnreachableError(`cannot read ${path}: ${systemReason(error)}`, `Check ${key} in the profile.`),
    );
    return;
  }

  if (stats === undefined) {
    const hint = `The first write creates it. If the application already has a cache, check ${key}.`;
    yield (await may(dirname(path), constants.W_OK))
      ? skipped(subject, `${path} does not exist yet`, hint)
      : warning(subject, `${path} does not exist yet, and ${dirname(path)} is missing or not writable`, hint);
    return;
  }

  if (!stats.isDirectory()) {
    yield failed(subject, new ConfigError(`${path} is a file, not a folder`, `Check ${key} in the profile.`));
    return;
  }

  const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
  yield ok(subject, `${path}, mode ${mode}`);
  yield await accessFinding(path, stats.uid);
}

/** PHP must be able to change the files that cachectl creates. */
async function accessFinding(path: string, owner: number): Promise<Finding> {
  const asUser = 'Run cachectl as the user that the application runs as.';
  if (!(await may(path, constants.R_OK | constants.X_OK)))
    return warning('permissions', `this user may not read ${path}`, asUser);
  if (!(await may(path, constants.W_OK | constants.X_OK)))
    return warning('permissions', `this user may not write to ${path}, so only reading works`, asUser);
  const user = process.getuid?.();
  if (user === undefined || user === owner) return ok('permissions', 'this user may write, and owns the folder');
  if (user === 0) return ok('permissions', `root writes files for the owner of the folder (user ${owner})`);
  return warning(
    'permissions',
    `the folder belongs to user ${owner}: the application may not be able to change files that this user creates`,
    `${asUser} Or set permission in the profile, such as "0664", if they share a group.`,
  );
}

async function may(path: string, mode: number): Promise<boolean> {
  try {
    await access(path, mode);
    return true;
  } catch {
    // Not allowed, for any reason.
    return false;
  }
}
