import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import type { Candidate } from './target.js';

import { userFolder } from '../../profiles/file/find.js';

/** In milliseconds: long enough to press Tab twice. */
const LIFETIME = 5000;

/** Cache an answer for a moment, in a file that only the user can read. Without a place for the file, find it again. */
export async function remembered(
  question: unknown,
  find: () => Promise<readonly Candidate[]>,
): Promise<readonly Candidate[]> {
  const folder = path.join(userFolder('cache', process.env), 'completion');
  const file = path.join(folder, createHash('sha256').update(JSON.stringify(question)).digest('hex'));
  const recent = quietly(() =>
    isPrivate(folder) && isRecent(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Candidate[]) : undefined,
  );
  if (recent) return recent;
  const found = await find();
  quietly(() => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!isPrivate(folder)) return;
    for (const name of readdirSync(folder)) {
      const other = path.join(folder, name);
      if (!isRecent(other)) rmSync(other, { force: true });
    }

    rmSync(file, { force: true });
    // O_EXCL follows no link.
    writeFileSync(file, JSON.stringify(found), { flag: 'wx', mode: 0o600 });
  });
  return found;
}

/** Whether no other user can write there. Under sudo, the folder belongs to another user. */
function isPrivate(folder: string): boolean {
  if (process.getuid === undefined) return true;
  const { mode, uid } = statSync(folder);
  return uid === process.getuid() && (mode & 0o022) === 0;
}

function isRecent(file: string): boolean {
  const age = Date.now() - statSync(file).mtimeMs;
  return age >= 0 && age < LIFETIME;
}

function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    // The answer is found without the cache, too.
    return undefined;
  }
}
