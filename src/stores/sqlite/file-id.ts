import { statSync } from 'node:fs';

/** Differs if another file is at the path. Undefined if there is none. */
export function fileId(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}`;
}
