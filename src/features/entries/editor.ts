import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { DeclinedError, UsageError } from '../../errors.js';
import { callersEnvironment } from '../../runtime/environment.js';
import { readError, writingTemporary } from '../../system-errors.js';

/** A text in a file that only the user can read. */
export interface Draft {
  readonly file: string;
  /** @throws InputError if the editor removed the file */
  read(): Buffer;
  remove(): void;
}

/** @throws UsageError if none is set and the default has no terminal */
export function checkEditor(): void {
  if (editor() !== undefined || process.stdin.isTTY) return;
  throw new UsageError('no editor is set', 'Set VISUAL or EDITOR to a program that takes a file: EDITOR=nano');
}

/**
 * Open a text in the user's editor and wait until the editor ends.
 * @param name of the file, whose extension editors recognize
 * @throws DeclinedError if the editor fails, InputError or RefusedError if the temporary folder cannot be written to; the
 * draft is removed
 */
export async function editText(name: string, text: Buffer): Promise<Draft> {
  // mkdtemp creates a folder that only the user can open.
  const folder = await writingTemporary(async () => mkdtemp(path.join(tmpdir(), 'cachectl-')));
  const file = path.join(folder, name);
  const draft: Draft = {
    file,
    read() {
      try {
        return readFileSync(file);
      } catch (error) {
        throw readError(file, error);
      }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
  try {
    await writingTemporary(async () => writeFile(file, text, { mode: 0o600 }));
    const program = editor() ?? 'vi';
    const code = await exitCodeOf(program, file);
    if (code !== 0) {
      throw new DeclinedError(`the editor (${program}) exited with code ${code}: nothing was changed`, EDITOR_HINT);
    }

    return draft;
  } catch (error) {
    draft.remove();
    throw error;
  }
}

const EDITOR_HINT =
  'An editor that cannot run exits like this, and so does :cq in vi. Set VISUAL or EDITOR to choose another.';

function editor(): string | undefined {
  const { VISUAL, EDITOR } = process.env;
  return VISUAL || EDITOR || undefined;
}

/** Run by the shell, since EDITOR may contain arguments. Draws on standard error if standard output is a pipe. */
async function exitCodeOf(program: string, file: string): Promise<number | string> {
  const child = spawn('sh', ['-c', `${program} "$1"`, program, file], {
    env: callersEnvironment(),
    stdio: ['inherit', process.stdout.isTTY ? 'inherit' : 2, 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? signal ?? 1));
  });
}
