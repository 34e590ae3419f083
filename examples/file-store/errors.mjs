// @ts-check
import { RefusedError, WrongTypeError } from 'cachectl';

/** @param {unknown} error */
export function codeOf(error) {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/**
 * Wait for `work`. Undefined if the file does not exist.
 * @template T
 * @param {Promise<T>} work
 */
export async function unlessMissing(work) {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
}

/**
 * Turn a system error into one with a hint for the user. Return any other error unchanged.
 * @param {unknown} error
 * @param {string} folder
 */
export function translated(error, folder) {
  const [reason, hint] = REFUSALS[String(codeOf(error))] ?? [];
  if (reason === undefined || hint === undefined) return error;
  return new RefusedError(`the folder ${folder} cannot be used: ${reason}`, hint, { cause: error });
}

/** @param {string} file */
export function notAnEntry(file) {
  return new WrongTypeError(`${file} is no file of Laravel's cache`, 'Look at it; remove it if it is not needed.');
}

/** @type {Readonly<Record<string, readonly [reason: string, hint: string]>>} */
const REFUSALS = {
  EACCES: ['permission denied', 'Run cachectl as the user that the application runs as.'],
  EDQUOT: ['the quota of the disk is used up', 'Make room, or flush.'],
  ENOSPC: ['the disk is full', 'Make room, or flush.'],
  ENOTDIR: ['a part of its path is not a folder', 'Check the path in the profile.'],
  EPERM: ['permission denied', 'Run cachectl as the user that the application runs as.'],
  EROFS: ['it is on a read-only disk', 'Nothing can be written there.'],
};
