import { bytesText } from '../../byte-text.js';
import { CachectlError, FullError, RefusedError, WrongTypeError } from '../../errors.js';
import { systemCode, systemReason } from '../../system-errors.js';
import { limitText, raiseLimit } from '../../value-limit.js';

/** The result of `work`, or undefined if the file or folder does not exist. */
export async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The result of `work`. @throws WrongTypeError if there is a folder or a socket in the place of the file */
export async function namingFile<T>(file: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw NO_FILE.has(systemCode(error) ?? '') ? notAnEntry(file) : error;
  }
}

/** A folder cannot be written, replaced or unlinked; a socket cannot be opened. */
const NO_FILE = new Set(['EISDIR', 'ENXIO']);

/** Run `work`, and translate system errors into errors that name the folder. */
export async function translating<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = systemCode(error);
    if (error instanceof CachectlError || code === undefined) throw error;
    const hint = HINTS[code] ?? 'Check path in the profile.';
    const Kind = FULL.has(code) ? FullError : RefusedError;
    throw new Kind(`cannot use the folder ${folder}: ${systemReason(error)}`, hint, { cause: error });
  }
}

const FULL = new Set(['EDQUOT', 'ENOSPC']);

const HINTS: Readonly<Record<string, string>> = {
  EACCES: 'Run cachectl as the user that the application runs as.',
  EDQUOT: 'Free some space, or flush.',
  EFBIG: 'Raise the limit on the size of files (ulimit -f).',
  EMFILE: 'Raise the limit of open files (ulimit -n).',
  ENOSPC: 'Free some space, or flush.',
  EPERM: 'Run cachectl as the user that the application runs as.',
};

export function tooLarge(file: string, bytes: number): RefusedError {
  return new RefusedError(`${file} has ${bytesText(bytes)}, more than the limit of ${limitText()}`, raiseLimit(bytes));
}

export function notAnEntry(file: string): WrongTypeError {
  return new WrongTypeError(
    `${file} is not a file of Laravel's cache`,
    'Check its content, and remove it if nothing needs it.',
  );
}
