import { accessSync, constants, statSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { Finding } from '../../contract/store.js';
import type { SqliteContext } from '../context.js';

import { bytesText } from '../../../byte-text.js';
import { CachectlError, ConfigError, UnreachableError } from '../../../errors.js';
import { systemReason } from '../../../system-errors.js';
import { failed, ok, skipped, warning } from '../../doctor/findings.js';
import { sqliteBinding } from '../binding/choose.js';
import { statIfThere } from '../stat.js';

/** Check the file: a binding, its existence, its owner, and write access to it and its folder. */
export async function* checkConnection({ connection }: SqliteContext): AsyncGenerator<Finding> {
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
    yield failed('file', new UnreachableError(`cannot read ${path}: ${systemReason(error)}`, PATH_HINT));
    return;
  }

  if (file === undefined) {
    yield* whereItWouldBe(path);
    return;
  }

  if (!file.isFile()) {
    yield failed(
      'file',
      new ConfigError(
        `${path} is ${file.isDirectory() ? 'a folder' : 'a pipe, socket or device'}, not a file`,
        PATH_HINT,
      ),
    );
    return;
  }

  const mode = (file.mode & 0o777).toString(8).padStart(4, '0');
  const about = `${path}, ${bytesText(file.size)}, mode ${mode}${ownerOf(file.uid)}`;
  if (!may(path, constants.R_OK)) {
    const hint = `Its owner can grant access with chown, or with chmod u+rw ${path}`;
    yield failed('file', new UnreachableError(`this user may not read ${about}`, hint));
    return;
  }

  yield ok('file', about);
  if (process.platform !== 'win32' && (file.mode & 0o002) !== 0) yield writableByAll(path, mode, isOurs(file.uid));
  yield* writing(path);
}

const PATH_HINT = 'Check path in the profile.';

function* whereItWouldBe(path: string): Generator<Finding> {
  const folder = nearestFolder(path);
  if (folder !== undefined && !may(folder, constants.W_OK | constants.X_OK)) {
    const hint = `Check path in the profile, and the permissions of ${folder}.`;
    yield warning(
      'file',
      `${path} does not exist yet, and this user may not create it: ${folder} is not writable`,
      hint,
    );
    return;
  }

  yield skipped(
    'file',
    `${path} does not exist yet`,
    'The first put creates it. If the application already has a cache, check path.',
  );
}

/** SQLite creates files beside it, so the folder matters as much. */
function* writing(path: string): Generator<Finding> {
  const folder = dirname(path);
  const isFileWritable = may(path, constants.W_OK);
  const isFolderWritable = may(folder, constants.W_OK | constants.X_OK);
  if (isFileWritable && isFolderWritable) {
    yield ok('permissions', `this user may write to it and to ${folder}, where SQLite creates files beside it`);
    return;
  }

  const what = [isFileWritable ? '' : path, isFolderWritable ? '' : folder].filter((each) => each !== '').join(' and ');
  yield warning(
    'permissions',
    `this user may not write to ${what}, so only reading works`,
    isFileWritable
      ? `SQLite creates files beside ${path}: make its folder writable for this user.`
      : 'Make the file and its folder writable for this user. For read access only: doctor --read-only',
  );
}

function writableByAll(path: string, mode: string, isOurFile: boolean): Finding {
  const hint = isOurFile ? 'Run doctor --fix to make it private (chmod o-w).' : `Have its owner run: chmod o-w ${path}`;
  const finding = warning('file mode', `every user of this machine may write to ${path} (mode ${mode})`, hint);
  if (!isOurFile) return finding;
  return {
    ...finding,
    fix: {
      effect: `removes write access to ${path} for others (chmod o-w)`,
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
