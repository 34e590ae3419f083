import { tmpdir } from 'node:os';

import { CachectlError, InputError, RefusedError } from './errors.js';

/** Why the operating system refused a file or program, in words; otherwise the error code. */
export function systemReason(error: unknown): string {
  const code = systemCode(error);
  if (code !== undefined) return REASONS[code] ?? code;
  return error instanceof Error ? error.message : String(error);
}

/** The error code of Node (`ENOENT`), if any. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

export function readError(file: string, error: unknown): InputError {
  const hint = 'Nothing was stored. Check the path and its permissions.';
  return new InputError(`cannot read ${file}: ${systemReason(error)}`, hint, { cause: error });
}

/**
 * Run `work`, which writes to `path`.
 * @throws InputError with the system's reason, RefusedError if the disk is full or fails
 */
export async function writing<T>(path: string, work: () => Promise<T>, hint = WRITING_HINT): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CachectlError) throw error;
    const Failure = DISK_FAILURES.has(systemCode(error) ?? '') ? RefusedError : InputError;
    throw new Failure(`cannot write ${path}: ${systemReason(error)}`, hint, { cause: error });
  }
}

/** The same for the system's temporary folder. */
export async function writingTemporary<T>(work: () => Promise<T>): Promise<T> {
  return writing(tmpdir(), work, 'Set TMPDIR to a writable folder with enough space.');
}

const WRITING_HINT = 'Check the path, its permissions, and the space on the disk.';

const DISK_FAILURES = new Set(['EDQUOT', 'EFBIG', 'EIO', 'ENOSPC']);

const REASONS: Readonly<Record<string, string>> = {
  E2BIG: 'its arguments and environment are too long',
  EACCES: 'permission denied',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be larger than the system permits',
  EIO: 'the disk reported an error',
  EISDIR: 'it is a folder',
  ELOOP: 'its symbolic links form a loop',
  ENAMETOOLONG: 'the name is too long',
  ENOENT: 'no such file or folder',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of its path is not a folder',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
};
