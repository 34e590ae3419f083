import { accessSync, constants, statSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { Finding } from '../../contract/store.js';
import type { SqliteContext } from '../context.js';

import { bytesText } from '../../../byte-text.js';
import { CachectlError, ConfigError, UnreachableError } from '../../../errors.js';
import { systemReason } from '../../../profiles/system-reason.js';
import { failed, ok, skipped, warning } from '../../doctor/findings.js';
import { sqliteBinding } from '../binding/choose.js';
import { statIfThere } from '../stat.js';

/** Check the file: a binding, its existence, its owner, and write access to it and its folder. */
export async function* reach({ connection }: SqliteContext): AsyncGenerator<Finding> {
  const { path } = connection;
  try {
    yield ok('SQLite', sqliteBinding().description);
  } catch (error) {
    if (!(error instanceof CachectlError)) throw error;
    yield failed('SQLite', error);
    return;
  }

  let file;
  try {
    file = statIfThere(path);
  } catch (error) {
    yield failed('file', new UnreachableError(`${path} cannot be looked at: ${systemReason(error)}`, PATH_HINT));
    return;
  }

  if (file === undefined) {
    yield* whereItWouldBe(path);
    return;
  }

  if (!file.isFile()) {
    yield failed('file', new ConfigError(`${path} is a folder, not a file`, PATH_HINT));
    return;
  }

  const mode = (file.mode & 0o777).toString(8).padStart(4, '0');
  const about = `${path}, ${bytesText(file.size)}, mode ${mode}${ownerOf(file.uid)}`;
  if (!may(path, constants.R_OK)) {
    const hint = `Its owner can let this user in: chown, or chmod u+rw ${path}.`;
    yield failed('file', new UnreachableError(`this user may not read ${about}`, hint));
    return;
  }

  yield ok('file', about);
  if (process.platform !== 'win32' && (file.mode & 0o002) !== 0) yield writableByAll(path, mode, isOurs(file.uid));
  yield* writing(path);
}

const PATH_HINT = "Check the profile's path.";

function* whereItWouldBe(path: string): Generator<Finding> {
  const folder = nearestFolder(path);
  if (folder !== undefined && !may(folder, constants.W_OK | constants.X_OK)) {
    const hint = `Check the profile's path, and the permissions of ${folder}.`;
    yield warning('file', `${path} is not there yet, and this user may not make it: ${folder} cannot be written`, hint);
    return;
  }

  yield skipped(
    'file',
    `${path} is not there yet`,
    'The first put makes it; if the application has one already, check path.',
  );
}

/** SQLite creates files beside it, so the folder matters as much. */
function* writing(path: string): Generator<Finding> {
  const folder = dirname(path);
  const isFileWritable = may(path, constants.W_OK);
  const isFolderWritable = may(folder, constants.W_OK | constants.X_OK);
  if (isFileWritable && isFolderWritable) {
    yield ok('permissions', `this user may write to it, and to ${folder}, where SQLite has files beside it`);
    return;
  }

  const what = [isFileWritable ? '' : path, isFolderWritable ? '' : folder].filter((each) => each !== '').join(' and ');
  yield warning(
    'permissions',
    `this user may not write to ${what}, so all but get, keys and lists is refused`,
    isFileWritable
      ? `SQLite makes files beside ${path}: let this user write to the folder, too.`
      : 'Let this user write to both, the file and its folder; for looking only, doctor --read-only.',
  );
}

function writableByAll(path: string, mode: string, isOurFile: boolean): Finding {
  const hint = isOurFile
    ? 'doctor --fix takes that away from others (chmod o-w).'
    : `Its owner can take that away: chmod o-w ${path}`;
  const finding = warning('file mode', `everybody on this machine may write to ${path} (mode ${mode})`, hint);
  if (!isOurFile) return finding;
  return {
    ...finding,
    fix: {
      effect: `lets others no longer write to ${path} (chmod o-w)`,
      apply: async () => chmod(path, statSync(path).mode & 0o775),
    },
  };
}

/** Undefined if none can be read. */
function nearestFolder(path: string): string | undefined {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (statSync(folder, { throwIfNoEntry: false }) !== undefined) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

function may(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    // Not allowed, for any reason.
    return false;
  }
}

function isOurs(uid: number): boolean {
  return process.getuid?.() === uid;
}

function ownerOf(uid: number): string {
  if (process.getuid === undefined) return '';
  return isOurs(uid) ? ', owned by this user' : `, owned by the user with the id ${uid}`;
}
