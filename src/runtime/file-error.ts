import { InputError } from '../errors.js';

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'may not be read',
  EISDIR: 'is a folder',
  ENOENT: 'does not exist',
};

/** What kept a file that the user named from being read. */
export function fileError(file: string, error: unknown): InputError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reason = REASONS[code] ?? `cannot be read (${code || String(error)})`;
  return new InputError(`${file} ${reason}`, 'Nothing was stored. Check the path and its permissions.', {
    cause: error,
  });
}
